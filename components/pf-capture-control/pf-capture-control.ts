// <pf-capture-control>: arms a capture and saves it. Shows whether one runs, for how long by the host's clock, and how
// much it holds. Small on purpose: it is also built alone, for pages that want nothing else.
import {
  css,
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { SessionInfo } from '../../contract/host.ts';
import type { StatsStatus } from '../../contract/stats.ts';
import { clock, LOCALE, plainWords } from '../base/clock.ts';
import { define, PfElement } from '../base/element.ts';
import { PfCaptureChange, PfRecordingSelect } from '../base/events.ts';
import { kindName } from '../base/format.ts';
import type { HttpOptions } from '../base/http.ts';
import { HttpControlApi } from '../base/http-control-api.ts';
import { Poller } from '../base/poller.ts';
import { failureNote } from '../base/states.ts';
import { type ApiFailure, asFailure, type ControlApi } from '../base/stats-api.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import { words } from './strings.ts';

type Action = 'start' | 'stop';

/**
 * @summary Start and stop of a statistics capture.
 * @event {PfCaptureChange} pf-capture-change - The user started a capture, or stopped and saved one.
 * @event {PfRecordingSelect} pf-recording-select - "Watch live" was chosen (without an id).
 * @csspart card - The frame.
 * @csspart problem - The sentence about a failure.
 */
export class PfCaptureControl extends PfElement<ControlApi> {
  static override properties: PropertyDeclarations = {
    ...PfElement.properties,
    status: { attribute: false },
    sessions: { attribute: false },
    watch: { type: Boolean },
    failure: { state: true },
    saved: { state: true },
    busy: { state: true },
  };
  static override styles = [
    tokens,
    controls,
    css`
      .body {
        display: grid;
        gap: 12px;
        padding: 12px 16px 16px;
      }
      .state {
        display: flex;
        align-items: center;
        gap: 8px;
        min-height: 20px;
        font-weight: 600;
      }
      .state .btn {
        margin-block: -4px;
        margin-inline-end: -10px;
      }
      .dot {
        width: 9px;
        height: 9px;
        border-radius: 50%;
        flex: none;
        border: 2px solid var(--_text3);
      }
      .dot.live {
        border-color: var(--_bad);
        background: var(--_bad);
      }
      .clock {
        font-size: 28px;
        line-height: 32px;
        font-weight: 600;
        letter-spacing: -0.02em;
        font-variant-numeric: tabular-nums;
      }
      .clock.off {
        color: var(--_text3);
        font-weight: 400;
      }
      dl[hidden] {
        display: none;
      }
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 2px 12px;
        font-size: var(--_size-s);
        line-height: 18px;
      }
      dt {
        color: var(--_text3);
      }
      dd {
        text-align: end;
        overflow-wrap: anywhere;
      }
      .acts {
        display: flex;
        gap: 8px;
      }
      .acts .btn {
        flex: 1;
        min-height: max(32px, var(--_target));
      }
      .notes {
        display: grid;
        gap: 4px;
      }
      .notes:empty {
        display: none;
      }
      @container (max-width: 559px) {
        :host(:not([side])) .body {
          grid-template-columns: minmax(0, 1fr) auto;
          padding: 12px;
          gap: 8px 12px;
        }
        :host(:not([side])) .state, :host(:not([side])) .clock {
          align-self: center;
        }
        :host(:not([side])) .clock {
          font-size: 20px;
          line-height: 24px;
        }
        :host(:not([side])) .notes, :host(:not([side])) .acts, :host(:not([side])) dl {
          grid-column: 1 / -1;
        }
      }
      /* A side column is 288 wide: the stacked form. Wider than a phone it is one line on top of the page. */
      @container (min-width: 560px) {
        .body {
          grid-template-columns: auto auto minmax(0, 1fr) auto;
          align-items: center;
          gap: 8px 20px;
          padding: 10px 16px;
        }
        .clock {
          font-size: 20px;
          line-height: 24px;
        }
        dl {
          grid-column: 3;
          display: flex;
          gap: 0 6px;
        }
        dd {
          margin-inline-end: 14px;
        }
        .notes {
          grid-column: 3;
        }
        .acts {
          grid-column: 4;
          grid-row: 1;
        }
      }
    `,
  ];

  /** Handed in by a page that asks itself; without it the element asks on a beat. */
  declare status: StatsStatus | undefined;
  /** Sessions that stream right now, for their names. */
  declare sessions: readonly SessionInfo[] | undefined;
  /** Offers "Watch live" while recording: something else is being looked at. */
  declare watch: boolean;
  declare protected failure: ApiFailure | undefined;
  declare protected saved: boolean;
  /** What the host was asked to do and has not answered yet. */
  declare protected busy: Action | undefined;

  #asked: StatsStatus | undefined;
  /** Host time minus this machine's steady clock, from the last answer. */
  #clock: { readonly status: StatsStatus; readonly offsetMs: number } | undefined;
  #beat: ReturnType<typeof setTimeout> | undefined;
  readonly #poller = new Poller({ ask: (signal) => this.#ask(signal) });

  constructor() {
    super();
    this.watch = false;
    this.saved = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#poller.stop();
    clearTimeout(this.#beat);
    this.#beat = undefined;
  }

  protected override makeApi(options: HttpOptions): ControlApi {
    return new HttpControlApi(options);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) {
      this.#asked = undefined;
      this.failure = undefined;
      this.#poller.stop();
    }
    if (changed.has('status') && this.status !== undefined) this.#answered();
    // Data handed in end the asking; taken away, the element is on its own again.
    if (this.status === undefined && this.isConnected) this.#poller.start();
    else this.#poller.stop();
    const current = this.#current;
    if (current !== undefined && this.#clock?.status !== current) {
      const now = current.now_unix_ms ?? Date.now();
      this.#clock = { status: current, offsetMs: now - performance.now() };
    }
  }

  protected override updated(): void {
    clearTimeout(this.#beat);
    if (this.#current?.armed !== true || !this.isConnected) return;
    const untilNext = 1000 - (Math.max(0, this.#elapsedMs ?? 0) % 1000);
    this.#beat = setTimeout(() => this.requestUpdate(), untilNext + 5);
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const status = this.#current;
    const armed = status?.armed === true;
    const label = status === undefined ? t.unknown : armed ? t.recording : t.idle;
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading}><div class="body"
      ><div class="state"><span class="dot ${armed ? 'live' : ''}"></span><span>${label}</span>${
        armed && this.watch
          ? html`<span class="grow"></span><button class="btn ghost" @click=${this.#watchLive}>${t.live}</button>`
          : nothing
      }</div
      ><div class="clock ${armed ? '' : 'off'}" role="timer" aria-label=${t.elapsed}>${
        armed ? clock(Math.max(0, this.#elapsedMs ?? 0)) : '00:00'
      }</div
      ><dl ?hidden=${!armed}><dt>${t.session}</dt><dd>${this.#session(status)}</dd><dt>${t.samples}</dt><dd>${(status?.sample_count ?? 0).toLocaleString(LOCALE[this.language])}</dd></dl
      ><div class="notes">${this.#notes(status)}</div
      ><div class="acts">${this.#button(status)}</div
    ></div></section></div>`;
  }

  #session(status: StatsStatus | undefined): string {
    const names = (this.sessions ?? []).map((s) => s.client || kindName(s.kind));
    if (status?.armed === true && names.length > 0) return names.join(', ');
    if (status === undefined || !status.armed || status.kind === '')
      return words[this.language].noSession;
    return kindName(status.kind);
  }

  #notes(status: StatsStatus | undefined): unknown {
    const t = words[this.language];
    if (this.failure !== undefined) return failureNote(this.failure, plainWords(this.language));
    if (status?.unsaved === true) return html`<p class="note warn" role="status">${t.unsaved}</p>`;
    if (status?.armed === true)
      return status.kind === '' ? html`<p class="note">${t.ready}</p>` : nothing;
    return html`<p class="note" role="status">${this.saved ? t.saved : t.hint}</p>`;
  }

  #button(status: StatsStatus | undefined): TemplateResult {
    const t = words[this.language];
    if (this.busy !== undefined) {
      return html`<button class="btn" disabled>${this.busy === 'start' ? t.starting : t.stopping}</button>`;
    }
    const action: Action = status?.armed === true || status?.unsaved === true ? 'stop' : 'start';
    const label =
      status?.armed === true ? t.stop : status?.unsaved === true ? t.saveAgain : t.start;
    const waiting = status === undefined;
    return html`<button class="btn primary" ?disabled=${waiting} @click=${() => void this.#run(action)}>${label}</button>`;
  }

  get #current(): StatsStatus | undefined {
    return this.status ?? this.#asked;
  }

  get #elapsedMs(): number | undefined {
    if (this.#clock === undefined) return undefined;
    const startedAt = this.#clock.status.started_unix_ms;
    return this.#clock.offsetMs + performance.now() - startedAt;
  }

  /** Answers through the element's state: nobody waits for the promise. */
  async #run(action: Action): Promise<void> {
    if (this.busy !== undefined) return;
    this.busy = action;
    this.failure = undefined;
    this.saved = false;
    try {
      await (action === 'start' ? this.#start() : this.#stop());
    } catch (thrown) {
      this.failure = asFailure(thrown);
    }
    this.busy = undefined;
  }

  async #start(): Promise<void> {
    const status = await this.client.start();
    this.#believe(status);
    this.dispatchEvent(new PfCaptureChange({ status }));
  }

  async #stop(): Promise<void> {
    const recording = await this.client.stop();
    this.saved = recording !== undefined;
    this.dispatchEvent(new PfCaptureChange({ recording }));
    this.#believe(await this.client.status());
  }

  async #ask(signal: AbortSignal): Promise<void> {
    try {
      const status = await this.client.status(signal);
      if (signal.aborted) return;
      this.#believe(status);
    } catch (thrown) {
      if (signal.aborted) return;
      this.failure = asFailure(thrown);
      throw thrown;
    }
  }

  #believe(status: StatsStatus): void {
    this.#asked = status;
    this.#answered();
    if (this.status !== undefined) this.status = status;
    this.requestUpdate();
  }

  /** Trouble with asking is over once an answer came; a refusal of the user's own act stays readable. */
  #answered(): void {
    if (this.failure?.kind !== 'refused') this.failure = undefined;
  }

  readonly #watchLive = (): void => {
    this.dispatchEvent(new PfRecordingSelect(undefined));
  };
}

define('pf-capture-control', PfCaptureControl);

declare global {
  interface HTMLElementTagNameMap {
    'pf-capture-control': PfCaptureControl;
  }
}
