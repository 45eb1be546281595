// "Here it was": a marker that is put down while somebody plays. The moment is that of the key or the finger that went to
// the field, not that of Enter: people press first and say afterwards what happened. The field tells which moment it is.
import {
  html,
  type ReactiveController,
  type ReactiveControllerHost,
  type TemplateResult,
} from 'lit';
import type { Capture } from '../../contract/stats.ts';
import type { Format } from '../base/format.ts';
import { fineClock } from '../base/format-dates.ts';
import { type ApiFailure, asFailure, type StatsApi } from '../base/stats-api.ts';
import { words } from './strings.ts';

interface Moment {
  /** On the clock of this machine, that no sleep and no host puts right. */
  readonly pressedMs: number;
  /** On the recording's, as far as it is known here. */
  readonly atMs: number | undefined;
}

export interface MarkHost {
  readonly api: () => StatsApi;
  readonly onMarked: () => void;
  readonly onFailure: (failure: ApiFailure) => void;
}

type FieldHost = ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };

export class MarkField implements ReactiveController {
  readonly #host: FieldHost;
  readonly #to: MarkHost;
  #clock: { readonly capture: Capture; readonly seenMs: number } | undefined;
  #moment: Moment | undefined;
  #isBusy = false;
  #forget: ReturnType<typeof setTimeout> | undefined;
  /** What had the focus before the key: it goes back there. */
  #back: HTMLElement | undefined;

  constructor(host: FieldHost, to: MarkHost) {
    this.#host = host;
    this.#to = to;
    host.addController(this);
  }

  /** What of it is drawn. */
  get told(): readonly unknown[] {
    return [this.#moment, this.#isBusy];
  }

  hostDisconnected(): void {
    this.#drop();
  }

  /** What the recording's clock shows when a capture comes. */
  see(capture: Capture): void {
    const known = this.#clock?.capture;
    if (known === capture) return;
    // A moment of another recording is none of this one.
    const isOther = known?.meta.started_unix_ms !== capture.meta.started_unix_ms;
    if (isOther && this.#moment !== undefined) this.#drop();
    this.#clock = { capture, seenMs: performance.now() };
  }

  /** The key was pressed: this is the moment. */
  press(from: EventTarget | undefined): void {
    const input = this.#input;
    if (input === null) return;
    this.#take();
    this.#back = from instanceof HTMLElement ? from : undefined;
    input.focus();
  }

  render(f: Format): TemplateResult {
    const t = words[f.language];
    const { atMs } = this.#moment ?? {};
    const at = atMs === undefined ? '' : t.markAt(fineClock(f, atMs, 1));
    return html`<form class="mark" @submit=${(event: SubmitEvent) => this.#onSubmit(event, f)} @focusout=${this.#onLeave}>
      <span class="field"><input name="text" aria-label=${t.markText} aria-describedby="mark-at" aria-keyshortcuts="m" placeholder=${t.markText} maxlength="200"
        autocomplete="off" @focus=${this.#take} @input=${this.#take} @keydown=${this.#onKey} /><span id="mark-at" class="t3 s" aria-live="polite">${at}</span></span>
      <button class="btn" ?disabled=${this.#isBusy}>${t.mark}</button>
    </form>`;
  }

  get #input(): HTMLInputElement | null {
    return this.#host.renderRoot.querySelector<HTMLInputElement>('.mark input');
  }

  get #isEmpty(): boolean {
    return (this.#input?.value ?? '').trim() === '';
  }

  /** The first of key, focus and letter counts. A field in which nobody wrote anything forgets what it was about. */
  readonly #take = (): void => {
    if (this.#moment !== undefined) return;
    const pressedMs = performance.now();
    const { capture, seenMs } = this.#clock ?? {};
    const sinceMs = seenMs === undefined ? 0 : pressedMs - seenMs;
    const atMs = capture === undefined ? undefined : capture.meta.duration_ms + sinceMs;
    this.#moment = { pressedMs, atMs };
    this.#forget = setTimeout(() => {
      if (this.#isEmpty) this.#drop();
    }, FORGET_MS);
    this.#host.requestUpdate();
  };

  #drop(): void {
    clearTimeout(this.#forget);
    this.#moment = undefined;
    this.#back = undefined;
    this.#host.requestUpdate();
  }

  readonly #onLeave = ({ currentTarget, relatedTarget }: FocusEvent): void => {
    const isInside =
      currentTarget instanceof Node &&
      relatedTarget instanceof Node &&
      currentTarget.contains(relatedTarget);
    if (!isInside && this.#isEmpty) this.#drop();
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    this.#leave();
    this.#input?.blur();
  };

  /** Empty, and the focus where it was when the key brought it here. */
  #leave(): void {
    const [input, back] = [this.#input, this.#back];
    if (input !== null) input.value = '';
    this.#drop();
    if (back === undefined) return;
    input?.blur();
    back.focus();
  }

  #onSubmit(event: SubmitEvent, f: Format): void {
    event.preventDefault();
    const text = this.#input?.value.trim() ?? '';
    if (!this.#isBusy) void this.#send(text === '' ? words[f.language].marker : text, text);
  }

  /** The field is free for the next at once. What was refused comes back to it, with its moment. */
  async #send(text: string, typed: string): Promise<void> {
    const moment = this.#moment;
    const agoMs = moment === undefined ? undefined : performance.now() - moment.pressedMs;
    this.#isBusy = true;
    this.#leave();
    try {
      await this.#to.api().mark?.(text, undefined, agoMs);
      this.#to.onMarked();
    } catch (thrown) {
      this.#restore(typed, moment);
      this.#to.onFailure(asFailure(thrown));
    }
    this.#isBusy = false;
    this.#host.requestUpdate();
  }

  /** Unless somebody writes the next one already. */
  #restore(typed: string, moment: Moment | undefined): void {
    const input = this.#input;
    if (input === null || !this.#isEmpty) return;
    clearTimeout(this.#forget);
    input.value = typed;
    this.#moment = typed === '' ? undefined : moment;
  }
}

const FORGET_MS = 30_000;
