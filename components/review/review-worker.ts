// The Worker of a review: holds one recording's frames and answers questions about them, so that no view waits for a
// computation. One recording a Worker; it ends with the view.
import { Review } from '../../recording/src/review/review.ts';
import {
  type Arguments,
  answerOf,
  type FromWorker,
  type Method,
  type ToWorker,
} from './protocol.ts';

let review: Review | undefined;

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  const id = data.kind === 'ask' ? data.id : undefined;
  try {
    if (data.kind === 'open') open(data);
    else say({ kind: 'answer', id: data.id, value: answer(data.method, data.args) });
  } catch (error) {
    say({ kind: 'failed', id, reason: error instanceof Error ? error.message : String(error) });
  }
});

say({ kind: 'ready' });

function open({ capture, frames }: ToWorker & { readonly kind: 'open' }): void {
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
