// A review as the elements ask it: in a Worker of its own where the page has one, else on the page itself, a group of
// frames at a time. Both give the same answers, because both ask the same Review.
import type { Review, ReviewedCapture, SessionFacts } from '../../recording/src/review/review.ts';
import {
  type Answer,
  type Arguments,
  answerOf,
  type FromWorker,
  type Method,
  type ToWorker,
} from './protocol.ts';

export interface ReviewClient {
  readonly sessions: readonly SessionFacts[];
  ask<M extends Method>(method: M, ...args: Arguments<M>): Promise<Answer<M>>;
  /** Ends the Worker and lets the frames go; what is still asked rejects with an AbortError. */
  close(): void;
}

export interface OpenOptions {
  readonly capture: ReviewedCapture;
  /** Of the frames file, or on their way; given away. Undefined for a recording without one. */
  readonly frames: ArrayBuffer | undefined | Promise<ArrayBuffer | undefined>;
  /** Where the Worker's script lies; undefined: on the page itself. */
  readonly workerUrl: string | URL | undefined;
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/** Rejects with the reason when the frames cannot be read, with an AbortError when it was given up. */
export async function openReview(options: OpenOptions): Promise<ReviewClient> {
  // Script and windows are there before the frames are.
  const starting = startWorker(options.workerUrl).then((worker) =>
    worker === undefined ? undefined : new WorkerReview(worker, options.capture),
  );
  try {
    await options.frames;
  } catch (error) {
    void starting.then(
      (worker) => worker?.close(),
      () => undefined,
    );
    throw error;
  }
  const worker = await starting;
  return worker === undefined ? openOnPage(options) : worker.open(options);
}

/** A Worker whose script runs; undefined where a page may not have one: its policy, or a script that is not there. */
async function startWorker(url: string | URL | undefined): Promise<Worker | undefined> {
  if (url === undefined || typeof Worker === 'undefined') return undefined;
  try {
    const worker = new Worker(url, { type: 'module', name: 'punktfunk review' });
    const runs = await new Promise<boolean>((resolve) => {
      worker.addEventListener('error', () => resolve(false), { once: true });
      worker.addEventListener('message', () => resolve(true), { once: true });
    });
    if (runs) return worker;
    worker.terminate();
  } catch {
    // A policy may throw at once.
  }
  return undefined;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

class WorkerReview implements ReviewClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #sessions: readonly SessionFacts[] = [];
  #asked = 0;

  constructor(worker: Worker, capture: ReviewedCapture) {
    this.#worker = worker;
    try {
      this.#post({ kind: 'capture', capture }, []);
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  get sessions(): readonly SessionFacts[] {
    return this.#sessions;
  }

  async open({ onProgress, signal, ...given }: OpenOptions): Promise<ReviewClient> {
    const frames = await given.frames;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = (): void => reject(abortError());
    this.#worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'progress') onProgress?.(data.share);
      else if (data.kind === 'answer') this.#settle(data.id)?.resolve(data.value);
      else if (data.kind === 'opened') {
        this.#sessions = data.sessions;
        resolve();
      } else if (data.kind === 'failed') {
        const error = new Error(data.reason);
        if (data.id === undefined) reject(error);
        else this.#settle(data.id)?.reject(error);
      }
    });
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      if (signal?.aborted === true) throw abortError();
      this.#post({ kind: 'frames', frames }, frames === undefined ? [] : [frames]);
      await promise;
      return this;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  ask<M extends Method>(method: M, ...args: Arguments<M>): Promise<Answer<M>> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      // The Worker answers what the method answers: it asks the same Review.
      this.#waiting.set(id, { resolve: (value) => resolve(value as Answer<M>), reject });
      this.#post({ kind: 'ask', id, method, args }, []);
    });
  }

  close(): void {
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(abortError());
    this.#waiting.clear();
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #post(message: ToWorker, moved: Transferable[]): void {
    this.#worker.postMessage(message, moved);
  }
}

/** Reads a while, then lets the page draw. */
async function openOnPage({
  capture,
  onProgress,
  signal,
  ...given
}: OpenOptions): Promise<ReviewClient> {
  const frames = await given.frames;
  const { Review } = await import('../../recording/src/review/review.ts');
  const opening = Review.open(capture, frames === undefined ? undefined : new Uint8Array(frames));
  let since = performance.now();
  for (;;) {
    const { done, value } = opening.next();
    if (done === true) return new PageReview(value);
    if (performance.now() - since < SLICE_MS) continue;
    onProgress?.(value);
    await new Promise((resolve) => setTimeout(resolve));
    if (signal?.aborted === true) throw abortError();
    since = performance.now();
  }
}

class PageReview implements ReviewClient {
  readonly sessions: readonly SessionFacts[];
  #review: Review | undefined;

  constructor(review: Review) {
    this.#review = review;
    this.sessions = review.sessions();
  }

  async ask<M extends Method>(method: M, ...args: Arguments<M>): Promise<Answer<M>> {
    if (method === 'figures') await this.#prepare();
    if (this.#review === undefined) throw abortError();
    return answerOf(this.#review, method, args);
  }

  /** Reads a while, then lets the page draw: else the first figures would hold it up. */
  async #prepare(): Promise<void> {
    let since = performance.now();
    while (this.#review?.prepare() === true) {
      if (performance.now() - since < SLICE_MS) continue;
      await new Promise((resolve) => setTimeout(resolve));
      since = performance.now();
    }
  }

  close(): void {
    this.#review = undefined;
  }
}

function abortError(): DOMException {
  return new DOMException('The review was closed.', 'AbortError');
}

/** The page stays alive meanwhile. */
const SLICE_MS = 12;
