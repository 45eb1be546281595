// The compiled host streaming a painted X screen, for tests with stock clients; and what their pictures show.

import { Painter, Xvfb } from './desktop.ts';
import type { Host } from './host.ts';
import { type HostOptions, startHost } from './host.ts';
import { decode, type Marker, psnr, readMarker, type Size } from './video.ts';

export interface StreamingHost extends AsyncDisposable {
  readonly host: Host;
  readonly screen: Xvfb;
}

/** A host in front of a screen that a painter fills `fps` times a second. */
export async function streamingHost(
  size: Size,
  fps: number,
  options: HostOptions = {},
): Promise<StreamingHost> {
  const stack = new AsyncDisposableStack();
  try {
    const screen = stack.use(await Xvfb.start(size));
    stack.use(new Painter(screen.display, { fps }));
    const host = await startHost({
      ...options,
      env: { DISPLAY: screen.display, ...options.env },
      args: ['--source', 'x11', '--discovery', 'off', ...(options.args ?? [])],
    });
    stack.defer(async () => {
      await host.end();
    });
    return { host, screen, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

export type Seen = {
  readonly pictures: number;
  readonly markers: readonly Marker[];
  readonly unreadable: number;
  /** dB, of every 20th picture that holds a marker. */
  readonly worstPsnr: number;
};

/** Decodes a file of access units and reads every picture's marker. */
export async function look(file: string, size: Size): Promise<Seen> {
  const markers: Marker[] = [];
  let pictures = 0;
  let unreadable = 0;
  let worstPsnr = Number.POSITIVE_INFINITY;
  for await (const picture of decode(file, size)) {
    const marker = readMarker(picture);
    if (marker === undefined) unreadable += 1;
    else {
      markers.push(marker);
      if (pictures % 20 === 10) worstPsnr = Math.min(worstPsnr, psnr(picture, marker.counter));
    }
    pictures += 1;
  }
  return { pictures, markers, unreadable, worstPsnr };
}

/** How often the counter steps back: a picture from the past was shown. */
export function stepsBack(markers: readonly Marker[]): number {
  return markers.filter(({ counter }, i) => counter < (markers[i - 1]?.counter ?? 0)).length;
}

export const distinct = (markers: readonly Marker[]): number =>
  new Set(markers.map(({ counter }) => counter)).size;
