// How long the recorder may be silent before whoever asked is told so. Its thread waits for the disk of captures/, and a
// disk that hangs (a server that is gone, a drive that dies) lets a call wait for ever: streams and API must not.
import { AppError } from '../errors.ts';
import type { Method } from './protocol.ts';

/** Each kind of call, in ms. What was asked may still be done after that; its answer is dropped. */
export type Patience = Readonly<Record<Method, number>>;

export function isBusy(error: unknown): boolean {
  return error instanceof AppError && error.code === CODE;
}

export function busy(waitedMs: number): AppError {
  return new AppError(
    503,
    CODE,
    `The recorder has not answered for ${waitedMs / 1000} s; the disk of captures/ may hang. Streams go on, and what was ` +
      'asked may still be done.',
  );
}

/** What a status says that is not of now. */
export function silenceFault(sinceUnixMs: number): string {
  const since = new Date(sinceUnixMs).toISOString().slice(0, 19);
  return `The recorder has not answered since ${since}Z, and this is its last word; the disk of captures/ may hang. Streams go on.`;
}

/** Asked again and again, by a page that is open or a client that waits: as long as people look before they doubt. */
const QUICK_MS = 2000;
/** A test stream has streamed for this answer; a save that runs may take as long. */
const REPORT_MS = 5000;
/** Below the ten seconds after which the listener gives up a silent answer. */
const LOOK_MS = 8000;
/** Three hours of sixteen sessions on a slow disk. Their routes keep the connection open for as long. */
const SAVE_MS = 60_000;

export const PATIENCE: Patience = {
  status: QUICK_MS,
  live: QUICK_MS,
  mark: QUICK_MS,
  blackBox: QUICK_MS,
  metrics: QUICK_MS,
  observe: QUICK_MS,
  session: QUICK_MS,
  sessionEnded: QUICK_MS,
  receiver: QUICK_MS,
  event: QUICK_MS,
  observed: REPORT_MS,
  list: LOOK_MS,
  open: LOOK_MS,
  change: LOOK_MS,
  remove: LOOK_MS,
  trash: LOOK_MS,
  restore: LOOK_MS,
  quantiles: LOOK_MS,
  events: LOOK_MS,
  openFrames: LOOK_MS,
  nextFrames: LOOK_MS,
  closeFrames: LOOK_MS,
  dismissLastRun: LOOK_MS,
  start: SAVE_MS,
  stop: SAVE_MS,
  import: SAVE_MS,
  saveBlackBox: SAVE_MS,
  saveLastRun: SAVE_MS,
  shutdown: SAVE_MS,
};

const CODE = 'recorder_busy';
