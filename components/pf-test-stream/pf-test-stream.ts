// <pf-test-stream>: runs the real session path over loopback and reports what an independent receiver saw. A form, a
// progress line, a report; what it measures while a capture runs appears there as a session like any other.
import { Task, TaskStatus } from '@lit-labs/task';
import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type {
  TestStreamReport,
  TestStreamRequest,
  TestStreamState,
} from '../../contract/test-streams.ts';
import { define } from '../base/element.ts';
import { PfTestStream } from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { Poller } from '../base/poller.ts';
import { failureNote } from '../base/states.ts';
import { type ApiFailure, asFailure } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { stageName } from '../base/strings.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import { COMMON_MODES, parseMode } from './mode.ts';
import { sourceNames, words } from './strings.ts';

const SOURCES = ['auto', 'synthetic', 'x11', 'wlroots'] as const;

/**
 * @summary A test stream over loopback: start, stop, report.
 * @event {PfTestStream} pf-test-stream-change - The user started or stopped a test stream.
 * @csspart card - The frame.
 * @csspart report - The report's tables.
 * @csspart problem - The sentence about a failure.
 */
export class PfTestStreamElement extends StatsElement {
  static override properties = {
    ...StatsElement.properties,
    quiet: { type: Boolean },
    stream: { state: true },
    failure: { state: true },
    formError: { state: true },
  };
  static override styles = [
    tokens,
    controls,
    fieldStyles,
    css`
      .body {
        display: grid;
        gap: 12px;
        padding: 0 16px 16px;
      }
      details {
        font-size: var(--_size-s);
      }
      summary {
        cursor: pointer;
        color: var(--_text2);
        line-height: 18px;
        padding-block: 2px;
      }
      form {
        display: grid;
        gap: 12px;
      }
      .fields {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(112px, 1fr));
        gap: 8px 12px;
        padding-top: 8px;
      }
      .acts {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 12px;
      }
      .acts .btn {
        flex: 1;
        min-height: max(32px, var(--_target));
      }
      progress {
        display: block;
        width: 100%;
        height: 4px;
        border: 0;
        border-radius: 2px;
        overflow: hidden;
        appearance: none;
        background: var(--_raised);
        accent-color: var(--_text2);
      }
      progress::-webkit-progress-bar {
        background: var(--_raised);
      }
      progress::-webkit-progress-value {
        background: var(--_text2);
      }
      progress::-moz-progress-bar {
        background: var(--_text2);
      }
      .verdict {
        font-weight: 600;
      }
      .problems {
        display: grid;
        gap: 4px;
        font-size: var(--_size-s);
        line-height: 18px;
        color: var(--_text2);
      }
      .tables {
        display: grid;
        gap: 12px;
      }
      dl {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 2px 12px;
        font-size: var(--_size-s);
        line-height: 18px;
      }
      dt {
        color: var(--_text3);
      }
      dd {
        text-align: end;
        white-space: nowrap;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        font-size: var(--_size-s);
      }
      th, td {
        height: 27px;
        padding: 0 0 0 12px;
        text-align: end;
        font-weight: 400;
        white-space: nowrap;
      }
      th:first-child {
        text-align: start;
        padding-inline: 0;
      }
      thead th {
        font-size: var(--_size-xs);
        font-weight: 500;
        color: var(--_text3);
      }
      tbody tr {
        border-top: 1px solid var(--_hairline);
      }
      @container (min-width: 560px) {
        .tables {
          grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
          gap: 12px 32px;
          align-items: start;
        }
        .tables > div {
          grid-column: 1 / -1;
        }
        .acts .btn {
          flex: none;
        }
      }
      @container (max-width: 340px) {
        :host(:not([side])) .body {
          padding: 0 12px 12px;
        }
      }
    `,
  ];

  /** The page around says it when the host falls silent: once is enough. */
  declare quiet: boolean;
  declare protected stream: TestStreamState | undefined;
  declare protected failure: ApiFailure | undefined;
  declare protected formError: boolean;

  readonly #poller = new Poller({ ask: (signal) => this.#ask(signal), everyMs: BEAT_MS });
  readonly #act = new Task<readonly [TestStreamRequest | undefined], void>(this, {
    task: ([request], { signal }) => this.#do(request, signal),
    autoRun: false,
    onError: (thrown) => {
      this.failure = asFailure(thrown);
    },
  });

  constructor() {
    super();
    this.quiet = false;
    this.formError = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#poller.stop();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) {
      this.stream = undefined;
      this.failure = undefined;
      this.#poller.stop();
    }
    if (this.isConnected) this.#poller.start();
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const busy = this.#running || this.#act.status === TaskStatus.PENDING;
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading}>
      <div class="head"><h2>${t.heading}</h2></div>
      <div class="body">
        <form @submit=${this.#onSubmit} novalidate>
          <p class="note">${t.hint}</p>
          <details><summary>${t.settings}</summary>${this.#renderFields(busy)}</details>
          <div class="acts">${
            this.#running
              ? html`<button class="btn" type="button" @click=${this.#onStop}>${t.stop}</button>`
              : html`<button class="btn" ?disabled=${busy}>${busy ? t.starting : t.start}</button>`
          }</div>
        </form>
        ${this.#renderProgress()}${this.formError ? html`<p class="note bad" role="alert">${t.badMode}</p>` : nothing}
        ${this.quiet && this.failure?.kind === 'offline' ? nothing : failureNote(this.failure, this.format)}${this.#renderOutcome()}
      </div>
    </section></div>`;
  }

  #renderFields(busy: boolean): TemplateResult {
    const t = words[this.language];
    return html`<div class="fields">
      <label class="field">${t.source}<select name="source" ?disabled=${busy}>${SOURCES.map(
        (s) => html`<option value=${s}>${sourceNames[this.language][s]}</option>`,
      )}</select></label>
      <label class="field">${t.mode}<input name="mode" value="1280x720@60" list="modes" required autocomplete="off" title=${t.modeHint} ?disabled=${busy} /></label>
      <datalist id="modes">${COMMON_MODES.map((m) => html`<option value=${m}></option>`)}</datalist>
      <label class="field">${t.seconds}<input name="seconds" type="number" value="10" min="1" max="3600" step="1" ?disabled=${busy} /></label>
      <label class="field">${t.bitrate}<input name="bitrate" type="number" value="20000" min="100" step="100" ?disabled=${busy} /></label>
      <label class="field">${t.drop}<input name="drop" type="number" value="0" min="0" max="100" step="0.5" ?disabled=${busy} /></label>
    </div>`;
  }

  #renderProgress(): unknown {
    if (!this.#running) return nothing;
    const t = words[this.language];
    const f = this.format;
    const { elapsed_s, seconds } = this.stream ?? {};
    if (elapsed_s === undefined || seconds === undefined || seconds <= 0) {
      return html`<p class="note" role="status">${this.stream?.state === 'starting' ? t.starting : t.runningOpen}</p>`;
    }
    const done = Math.min(elapsed_s, seconds);
    const text = t.running(f.unit(f.count(done), 's'), f.unit(f.count(seconds), 's'));
    return html`<div><p class="note">${text}</p><progress max=${seconds} value=${done} aria-label=${text}></progress></div>`;
  }

  #renderOutcome(): unknown {
    const t = words[this.language];
    const stream = this.stream;
    if (stream?.state === 'failed') {
      const why = stream.error === undefined ? t.failedUnknown : t.failed(stream.error);
      return html`<p class="note bad" role="status">${why}</p>`;
    }
    return stream?.state === 'done' && stream.report !== undefined
      ? this.#renderReport(stream.report)
      : nothing;
  }

  #renderReport(report: TestStreamReport): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const repaired = report.frames_recovered;
    const verdict = !report.ok ? t.notOk : repaired > 0 ? t.okRepaired(f.count(repaired)) : t.ok;
    const rows: (readonly [string, string])[] = [
      [t.framesArrived, t.ofSent(f.count(report.frames_received), f.count(report.frames_sent))],
      [t.recovered, f.count(report.frames_recovered)],
      [t.lost, f.count(report.frames_lost)],
      [t.packetsLost, t.ofSent(f.count(report.packets_lost), f.count(report.packets_sent))],
      [t.packetsRecovered, f.count(report.packets_recovered)],
      [t.repeated, f.count(report.frames_repeated)],
      [t.skipped, f.count(report.source_skipped)],
      [t.keyFrames, f.count(report.key_frames)],
      [t.received, f.unit(f.tenth(report.bytes / 1e6), 'MB')],
    ];
    return html`<div class="tables" part="report" role="group" aria-label=${t.report}>
      <div><p class="verdict" role="status">${verdict}</p>
        <p class="note">${report.source} · ${report.mode} · ${report.codec} · ${f.unit(f.tenth(report.seconds), 's')}</p>
        ${report.problems === undefined ? nothing : html`<ul class="problems">${report.problems.map((p) => html`<li>${p}</li>`)}</ul>`}
      </div>
      <table><thead><tr><th scope="col">${t.stageMs}</th><th scope="col">p50</th><th scope="col">p99</th></tr></thead>
        <tbody>${Object.entries(report.stages).map(
          ([name, q]) =>
            html`<tr><th scope="row">${stageName(name, this.language)}</th><td>${f.ms(q.p50_us / 1000)}</td><td>${f.ms(q.p99_us / 1000)}</td></tr>`,
        )}</tbody></table>
      <dl>${rows.filter(([, value]) => value !== '–').map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
    </div>`;
  }

  get #running(): boolean {
    return this.stream?.state === 'starting' || this.stream?.state === 'running';
  }

  readonly #onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const data = new FormData(event.target);
    const mode = parseMode(String(data.get('mode') ?? ''));
    this.formError = mode === undefined;
    if (mode === undefined) {
      event.target.querySelector('details')?.setAttribute('open', '');
      return;
    }
    const source = SOURCES.find((s) => s === data.get('source')) ?? 'auto';
    this.failure = undefined;
    void this.#act.run([
      {
        source,
        ...mode,
        ...figureOf('seconds', data.get('seconds')),
        ...figureOf('bitrate_kbps', data.get('bitrate')),
        ...figureOf('drop_pct', data.get('drop')),
      },
    ]);
  };

  readonly #onStop = (): void => {
    this.failure = undefined;
    void this.#act.run([undefined]);
  };

  async #do(request: TestStreamRequest | undefined, signal: AbortSignal): Promise<void> {
    if (request === undefined) {
      await this.client.stopTestStream(signal);
      this.dispatchEvent(new PfTestStream('stop'));
      this.#poller.now();
      return;
    }
    this.stream = await this.client.startTestStream(request, signal);
    this.dispatchEvent(new PfTestStream('start'));
    this.#poller.now();
  }

  async #ask(signal: AbortSignal): Promise<void> {
    try {
      const stream = await this.client.testStream(signal);
      if (signal.aborted) return;
      this.stream = stream;
      // A refusal of the user's own action stays readable; trouble with asking is over once an answer came.
      if (this.failure?.kind !== 'refused') this.failure = undefined;
    } catch (thrown) {
      if (signal.aborted) return;
      this.failure = asFailure(thrown);
      throw thrown;
    }
  }
}

function figureOf<K extends string>(
  key: K,
  value: FormDataEntryValue | null,
): { [P in K]?: number } {
  const out: { [P in K]?: number } = {};
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (Number.isFinite(number)) out[key] = number;
  return out;
}

define('pf-test-stream', PfTestStreamElement);

declare global {
  interface HTMLElementTagNameMap {
    'pf-test-stream': PfTestStreamElement;
  }
}

const BEAT_MS = 2000;
