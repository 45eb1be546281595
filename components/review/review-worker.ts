// The Worker of a review: holds one recording's frames and answers questions about them, so that no view waits for a
// computation. One recording a Worker; it ends with the view.
import { Review, type ReviewedCapture } from '../../recording/src/review/review.ts';
import {
  type Arguments,
  answerOf,
  type FromWorker,
  type Method,
  type ToWorker,
} from './protocol.ts';
import { Turns } from './turns.ts';

let capture: ReviewedCapture | undefined;
let review: Review | undefined;
const turns = new Turns({
  answer: ({ id, method, args }) => {
    try {
      say({ kind: 'answer', id, value: answer(method, args) });
    } catch (error) {
      failed(id, error);
    }
  },
  prepare: () => {
    try {
      const until = performance.now() + SLICE_MS;
      let isLeft = true;
      while (isLeft && performance.now() < until) isLeft = review?.prepare() === true;
      return isLeft;
    } catch {
      // Who asks for figures is told why there are none.
      return false;
    }
  },
});

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'ask') {
    turns.ask(data);
    return;
  }
  if (data.kind === 'capture') {
    capture = data.capture;
    return;
  }
  try {
    open(data.frames);
  } catch (error) {
    failed(undefined, error);
  }
});

say({ kind: 'ready' });

function failed(id: number | undefined, error: unknown): void {
  say({ kind: 'failed', id, reason: error instanceof Error ? error.message : String(error) });
}

function open(frames: ArrayBuffer | undefined): void {
  if (capture === undefined) throw new Error('Frames of no recording came.');
  const opening = Review.open(capture, frames === undefined ? undefined : new Uint8Array(frames));
  let toldAt = performance.now();
  for (;;) {
    const { done, value } = opening.next();
    if (done === true) {
      review = value;
      say({ kind: 'opened', sessions: review.sessions() });
      return;
    }
    if (performance.now() - toldAt < PROGRESS_MS) continue;
    toldAt = performance.now();
    say({ kind: 'progress', share: value });
  }
}

function answer(method: Method, args: unknown): unknown {
  if (review === undefined) throw new Error('No recording is open.');
  // Both ends are built together: review-client.ts sends what the method takes.
  return answerOf(review, method, args as Arguments<Method>);
}

function say(message: FromWorker): void {
  postMessage(message);
}

const PROGRESS_MS = 50;
/** A view that moves meanwhile waits no longer. */
const SLICE_MS = 12;
