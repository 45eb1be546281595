// A question in place before something is undone for good: the safe answer has the focus, Escape takes it back, and the
// focus returns to where it came from.
import { html, type ReactiveController, type TemplateResult } from 'lit';

export interface Question {
  readonly text: string;
  readonly yes: string;
  readonly keep: string;
  /** What `yes` says while the host has not answered yet. */
  readonly busy: string | undefined;
  readonly onYes: () => void;
}

interface AskingHost {
  addController(controller: ReactiveController): void;
  requestUpdate(): void;
  readonly renderRoot: ParentNode;
}

export class Asking implements ReactiveController {
  readonly #host: AskingHost;
  #about: string | undefined;
  #shown: string | undefined;

  constructor(host: AskingHost) {
    this.#host = host;
    host.addController(this);
  }

  /** What is being asked about. */
  get about(): string | undefined {
    return this.#about;
  }

  ask(about: string): void {
    this.#about = about;
    this.#host.requestUpdate();
  }

  /** Answered, or taken back. */
  done(): void {
    this.#about = undefined;
    this.#host.requestUpdate();
  }

  hostUpdated(): void {
    if (this.#shown === this.#about) return;
    const root = this.#host.renderRoot;
    if (this.#about !== undefined) {
      // Enter twice in a row must not end anything.
      root.querySelector<HTMLElement>('.keep')?.focus();
    } else {
      const all = [...root.querySelectorAll<HTMLElement>('[data-ask]')];
      const from = all.find((button) => button.dataset['ask'] === this.#shown);
      (from ?? root.querySelector<HTMLElement>('h2'))?.focus();
    }
    this.#shown = this.#about;
  }

  hostDisconnected(): void {
    this.#about = undefined;
    this.#shown = undefined;
  }

  render(question: Question): TemplateResult {
    const { text, yes, keep, busy, onYes } = question;
    const waits = busy !== undefined;
    return html`<div class="sure" role="group" aria-label=${text} @keydown=${this.#onKey}>
      <p class="s">${text}</p>
      <span class="acts"><button class="btn bad" ?disabled=${waits} @click=${onYes}>${busy ?? yes}</button
      ><button class="btn keep" ?disabled=${waits} @click=${() => this.done()}>${keep}</button></span>
    </div>`;
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    this.done();
  };
}
