// A report: the viewer's own page with one recording put into it. One file that opens from a disk without any network.
// Pure but for the platform's compression.
import type { Capture } from '../../contract/stats.ts';
import { unpacked } from '../base/unpack.ts';

export interface ReportData {
  readonly capture: Capture;
  /** Of the frames file; undefined for a recording without one. */
  readonly frames: ArrayBuffer | undefined;
}

/** `template`: the viewer's page (dist/web/viewer.html). Throws RangeError when that has no place for data. */
export async function reportOf(template: string, { capture, frames }: ReportData): Promise<Blob> {
  const [head, tail] = template.split(PLACE);
  if (head === undefined || tail === undefined) throw new RangeError('the template takes no data');
  const text = new TextEncoder().encode(JSON.stringify(capture));
  const packed = await new Response(
    new Blob([text]).stream().pipeThrough(new CompressionStream('gzip')),
  ).arrayBuffer();
  const pieces = [head, element(CAPTURE_ID), base64(new Uint8Array(packed)), END];
  if (frames !== undefined) {
    pieces.push(element(FRAMES_ID), ...base64Pieces(new Uint8Array(frames)), END);
  }
  return new Blob([...pieces, tail], { type: 'text/html' });
}

/** What a report carries; undefined for the viewer itself. Throws when it was cut off, or unpacks without end. */
export async function reportIn(
  page: Document,
): Promise<{ text: string; frames: ArrayBuffer | undefined } | undefined> {
  const capture = page.getElementById(CAPTURE_ID)?.textContent;
  if (capture === undefined || capture === null) return undefined;
  const frames = page.getElementById(FRAMES_ID)?.textContent;
  return {
    text: new TextDecoder().decode(await unpacked(bytesOf(capture))),
    frames: frames === undefined || frames === null ? undefined : bytesOf(frames).buffer,
  };
}

/** Base64 has no character that could end the element. */
function element(id: string): string {
  return `<script type="application/octet-stream" id="${id}">`;
}

/** A multiple of three bytes each, so that pieces join without padding between them. */
function base64Pieces(bytes: Uint8Array): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    pieces.push(base64(bytes.subarray(at, at + PIECE_BYTES)));
  }
  return pieces;
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CALL_BYTES) {
    text += String.fromCharCode(...bytes.subarray(at, at + CALL_BYTES));
  }
  return btoa(text);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text.trim());
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

/** Stands in the template where data go. */
const PLACE = '<!-- recording -->';
const CAPTURE_ID = 'pf-capture';
const FRAMES_ID = 'pf-frames';
const END = '</script>';
const PIECE_BYTES = 3 << 18;
/** As many arguments as every browser takes in one call. */
const CALL_BYTES = 0x8000;
