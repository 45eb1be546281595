// What a client can start. Today the desktop alone; the ids are what clients keep art and shortcuts under, so an id
// follows from the app's key and never changes.
import { createHash } from 'node:crypto';

export interface App {
  /** 1 … 2147483647, as GameStream wants it. */
  readonly id: number;
  readonly key: string;
  readonly title: string;
}

export class Apps {
  readonly #apps: readonly App[] = [{ id: appId('desktop'), key: 'desktop', title: 'Desktop' }];

  /** Never empty: clients take an empty list for a failure. */
  list(): readonly App[] {
    return this.#apps;
  }

  get(id: number): App | undefined {
    return this.#apps.find((app) => app.id === id);
  }
}

/** A positive 31-bit number that follows from the key alone. */
export function appId(key: string): number {
  const id = createHash('sha256').update(key).digest().readUInt32BE(0) & 0x7fff_ffff;
  return id === 0 ? 1 : id;
}
