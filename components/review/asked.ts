// One question to a review that changes as the view does: asked when it changed, one at a time, the newest next. What
// was answered last stays until something newer comes, so that a moving view is never empty.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Answer, Arguments, Method } from './protocol.ts';
import type { ReviewClient } from './review-client.ts';

export interface Wish<M extends Method> {
  readonly client: ReviewClient;
  readonly args: Arguments<M>;
}

export class Asked<M extends Method> implements ReactiveController {
  readonly #host: ReactiveControllerHost & { readonly isConnected: boolean };
  readonly #method: M;
  readonly #wish: () => Wish<M> | undefined;
  #asked: Wish<M> | undefined;
  #answered: { readonly wish: Wish<M>; readonly answer: Answer<M> } | undefined;
  #failure: string | undefined;
  #running = false;

  /** `wish`: what the view wants to know now; undefined while there is nothing to ask. */
  constructor(
    host: ReactiveControllerHost & { readonly isConnected: boolean },
    method: M,
    wish: () => Wish<M> | undefined,
  ) {
    this.#host = host;
    this.#method = method;
    this.#wish = wish;
    host.addController(this);
  }

  /** The newest answer of the same review; undefined before the first. */
  get answer(): Answer<M> | undefined {
    const { client } = this.#asked ?? {};
    return this.#answered?.wish.client === client ? this.#answered?.answer : undefined;
  }

  /** The answer to what is asked now; undefined while that is on its way. */
  get current(): Answer<M> | undefined {
    const answered = this.#answered;
    return answered?.wish === this.#asked ? answered?.answer : undefined;
  }

  /** What was asked for the answer that is there. */
  get answeredArgs(): Arguments<M> | undefined {
    return this.answer === undefined ? undefined : this.#answered?.wish.args;
  }

  /** Why there is no answer to what was asked last. */
  get failure(): string | undefined {
    return this.#failure;
  }

  hostUpdate(): void {
    const wish = this.#wish();
    if (same(wish, this.#asked)) return;
    this.#asked = wish;
    void this.#run();
  }

  hostDisconnected(): void {
    this.#asked = undefined;
    this.#answered = undefined;
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    let done: Wish<M> | undefined;
    while (this.#asked !== undefined && this.#asked !== done) {
      const wish = this.#asked;
      done = wish;
      try {
        const answer = await wish.client.ask(this.#method, ...wish.args);
        this.#answered = { wish, answer };
        this.#failure = undefined;
      } catch (error) {
        this.#failure = error instanceof Error ? error.message : String(error);
      }
      if (this.#host.isConnected) this.#host.requestUpdate();
    }
    this.#running = false;
  }
}

/** Questions are few plain values: their text compares them. */
function same<M extends Method>(a: Wish<M> | undefined, b: Wish<M> | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.client === b.client && JSON.stringify(a.args) === JSON.stringify(b.args);
}
