// The pictures that clients show for apps, out of the executable. By the app's key, never by anything a client sent.
import { readFileSync } from 'node:fs';
import desktop from './art/desktop.png' with { type: 'file' };

/** A PNG of 600×800, the shape in which clients draw it; undefined = this app has none. */
export function boxArt(appKey: string): Uint8Array | undefined {
  const file = FILES.get(appKey);
  return file === undefined ? undefined : new Uint8Array(readFileSync(file));
}

const FILES: ReadonlyMap<string, string> = new Map([['desktop', desktop]]);
