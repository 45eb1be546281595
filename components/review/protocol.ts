// What the page and the review's Worker say to each other. Every answer is a plain value that a message can carry.
import type { Review, ReviewedCapture } from '../../recording/src/review/review.ts';

/** What may be asked of a review, under the names that it has there. */
export type Method =
  | 'overview'
  | 'figures'
  | 'extent'
  | 'outliers'
  | 'findings'
  | 'strip'
  | 'frame';
export type Arguments<M extends Method> = Parameters<Review[M]>;
export type Answer<M extends Method> = ReturnType<Review[M]>;

export type ToWorker =
  /** Sent ahead: taking it over is done when the frames come. */
  | { readonly kind: 'capture'; readonly capture: ReviewedCapture }
  /** Moved over; undefined for a recording without frames. The review opens. */
  | { readonly kind: 'frames'; readonly frames: ArrayBuffer | undefined }
  | { readonly kind: 'ask'; readonly id: number; readonly method: Method; readonly args: unknown };

export type FromWorker =
  /** The script runs: it may be given the frames. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'opened'; readonly sessions: ReturnType<Review['sessions']> }
  /** `value` is the answer to what `id` asked. */
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number | undefined; readonly reason: string };

/** Asks a review by name; the Worker and a page without Workers do it alike. */
export function answerOf<M extends Method>(
  review: Review,
  method: M,
  args: Arguments<M>,
): Answer<M> {
  // The compiler knows the method by its name, but not that its parameters belong to it.
  const ask = review[method] as (...values: Arguments<M>) => Answer<M>;
  return ask.apply(review, args);
}
