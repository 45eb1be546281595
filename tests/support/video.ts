// Decodes a stream with ffmpeg and reads the test marker (docs/test-marker.md) out of its pictures.
// Shares no code with the engine: it is the judge.
import { existsSync } from 'node:fs';

export type Size = { readonly width: number; readonly height: number };

export type Marker = { readonly counter: number; readonly clockUs: number };

/** One decoded picture: luma only, `size.width` bytes a row. */
export type Luma = { readonly size: Size; readonly bytes: Uint8Array };

/** Where the marker lies in a picture: px of its upper left corner, and how much it was scaled. */
export type MarkerPlace = { readonly x: number; readonly y: number; readonly scale: number };

const CELL_PX = 8;
const COLUMNS = 32;
const CHECK_SEED = 0x5a5a5a5a;
const PLAIN: MarkerPlace = { x: 0, y: 0, scale: 1 };

export const ffmpeg = (): string | undefined =>
  ['/usr/bin/ffmpeg', '/usr/local/bin/ffmpeg'].find((path) => existsSync(path));

/** Every picture of an H.264 file in the size it was coded in; throws with ffmpeg's own words when anything is wrong. */
export async function* decode(path: string, size: Size): AsyncGenerator<Luma> {
  const ffmpegPath = ffmpeg();
  if (ffmpegPath === undefined) throw new Error('ffmpeg is not installed; run scripts/test');
  const process = Bun.spawn(
    [
      ...[ffmpegPath, '-nostdin', '-v', 'warning', '-xerror', '-err_detect', 'explode'],
      ...['-f', 'h264', '-i', path, '-fps_mode', 'passthrough'],
      // The luma plane as coded: converting to "gray" would stretch limited range.
      ...['-vf', 'extractplanes=y', '-f', 'rawvideo', '-'],
    ],
    { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
  );
  const words = new Response(process.stderr).text();
  const pictureBytes = size.width * size.height;
  let picture = new Uint8Array(pictureBytes);
  let filled = 0;
  for await (const chunk of process.stdout) {
    let at = 0;
    while (at < chunk.length) {
      const take = Math.min(pictureBytes - filled, chunk.length - at);
      picture.set(chunk.subarray(at, at + take), filled);
      filled += take;
      at += take;
      if (filled === pictureBytes) {
        yield { size, bytes: picture };
        picture = new Uint8Array(pictureBytes);
        filled = 0;
      }
    }
  }
  const complaint = (await words).trim();
  const code = await process.exited;
  if (code !== 0 || complaint !== '') throw new Error(`ffmpeg ended with ${code}: ${complaint}`);
  if (filled !== 0) throw new Error(`the last picture has ${filled} of ${pictureBytes} bytes`);
}

/** The marker, or undefined where the picture holds none whose check word fits. */
export function readMarker(picture: Luma, place: MarkerPlace = PLAIN): Marker | undefined {
  const word = (row: number): number => {
    let bits = 0;
    for (let column = 0; column < COLUMNS; column++) {
      if (cellLuma(picture, place, column, row) > 128) bits |= 1 << column;
    }
    return bits >>> 0;
  };
  const [counter, clockUs, check] = [word(0), word(1), word(2)];
  const rotated = ((clockUs << 7) | (clockUs >>> 25)) >>> 0;
  return check === (counter ^ rotated ^ CHECK_SEED) >>> 0 ? { counter, clockUs } : undefined;
}

/** Mean luma of the middle half of a cell. */
function cellLuma(picture: Luma, place: MarkerPlace, column: number, row: number): number {
  const cell = CELL_PX * place.scale;
  const from = (start: number, index: number) => Math.round(start + cell * index + cell / 4);
  const [x0, y0] = [from(place.x, column), from(place.y, row)];
  const side = Math.max(1, Math.round(cell / 2));
  let sum = 0;
  for (let y = y0; y < y0 + side; y++) {
    for (let x = x0; x < x0 + side; x++) sum += picture.bytes[y * picture.size.width + x] ?? 0;
  }
  return sum / (side * side);
}

/** BT.709 limited-range luma of an 8-bit colour. */
export function luma(red: number, green: number, blue: number): number {
  return 16 + (219 / 255) * (0.2126 * red + 0.7152 * green + 0.0722 * blue);
}

/** Luma of what a painter shows around the marker for a counter, at a pixel (docs/test-marker.md). */
export function paintedLuma(counter: number, x: number, y: number, size: Size): number {
  const left = (16 * counter) % size.width;
  const inBar = x >= left && x < left + 64 && y >= size.height / 4 && y < (size.height * 3) / 4;
  if (inBar) return luma(0xf0, 0xf0, 0x20);
  const rising = (at: number, length: number) => 32 + (191 * at) / Math.max(1, length - 1);
  return luma(rising(y, size.height), rising(x, size.width), 0x40);
}

/** PSNR in dB of a decoded picture against what the painter of `counter` showed, the marker's own area left out. */
export function psnr(picture: Luma, counter: number): number {
  const { width, height } = picture.size;
  let squares = 0;
  let count = 0;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      if (x < COLUMNS * CELL_PX && y < 3 * CELL_PX) continue;
      const difference =
        (picture.bytes[y * width + x] ?? 0) - paintedLuma(counter, x, y, picture.size);
      squares += difference * difference;
      count++;
    }
  }
  return 10 * Math.log10((255 * 255) / (squares / count));
}
