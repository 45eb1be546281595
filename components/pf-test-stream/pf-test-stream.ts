// <pf-test-stream>: runs the real session path over loopback, undisturbed or with faults on purpose, and records the run. A
// form, a progress line, then a report of what an independent receiver saw and what the findings made of the faults.
import { Task, TaskStatus } from '@lit-labs/task';
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { TestStreamRequest, TestStreamState } from '../../contract/test-streams.ts';
import { define } from '../base/element.ts';
import { PfCaptureChange, PfRecordingSelect, PfTestStream } from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { PfRecordingLook } from '../base/host-events.ts';
import { Poller } from '../base/poller.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { failureNote } from '../base/states.ts';
import { type ApiFailure, asFailure } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { swatchStyles } from '../base/swatch.ts';
import { tokens } from '../base/tokens.ts';
import {
  type Fault,
  faultOf,
  lastsS,
  type Planned,
  plannedOf,
  planOf,
  readScript,
} from './faults.ts';
import { COMMON_MODES, parseMode } from './mode.ts';
import '../pf-injected/pf-injected.ts';
import { FIRST_AT_S, isWhole, nowText, planPicture, planRows } from './plan-view.ts';
import { RecordedRun } from './recorded-run.ts';
import { reportTables } from './report-view.ts';
import { faultNames, sourceNames, words } from './strings.ts';
import { testStreamStyles } from './styles.ts';

const SOURCES = ['auto', 'synthetic', 'x11', 'wlroots'] as const;
const KINDS = ['calm', 'faults', 'script'] as const;
type Kind = (typeof KINDS)[number];

/** What is to be started, and what it is made of. */
interface Asked {
  readonly request: TestStreamRequest;
  readonly name: string;
  readonly planned: readonly Planned[];
  /** As it was when it was started: the form may be changed since. */
  readonly faults: readonly Fault[];
  readonly fps: number;
}

/** A run and what it is made of. */
interface Started extends Asked {
  readonly run: RecordedRun;
}

/**
 * @summary A test stream over loopback: undisturbed, with faults on purpose, or a script of one's own; recorded by itself.
 * @event {PfTestStream} pf-test-stream-change - The user started or stopped a test stream.
 * @event {PfCaptureChange} pf-capture-change - A capture was started for the run, or saved at its end.
 * @event {PfRecordingSelect} pf-recording-select - The recording of the run is to be looked at, or the live capture.
 * @csspart card - The frame.
 * @csspart plan - The picture of what is injected when.
 * @csspart report - The report's tables.
 * @csspart injected - What was injected against what was found.
 * @csspart problem - The sentence about a failure.
 */
export class PfTestStreamElement extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    quiet: { type: Boolean },
    kind: { type: String },
    stream: { state: true },
    failure: { state: true },
    formError: { state: true },
    faults: { state: true },
    seconds: { state: true },
    record: { state: true },
    scriptText: { state: true },
    widthPx: { state: true },
  };
  static override styles = [
    tokens,
    seriesTokens,
    controls,
    fieldStyles,
    swatchStyles,
    testStreamStyles,
  ];

  /** The page around says it when the host falls silent: once is enough. */
  declare quiet: boolean;
  /** What is offered first: `calm`, `faults` (a stutter is injected) or `script`. */
  declare kind: string;
  declare protected stream: TestStreamState | undefined;
  declare protected failure: ApiFailure | undefined;
  /** Why the form cannot be sent; empty: it can. */
  declare protected formError: string;
  declare protected faults: readonly Fault[];
  /** Of the disturbed stream. */
  declare protected seconds: number;
  declare protected record: boolean;
  declare protected scriptText: string;
  declare protected widthPx: number;

  #started: Started | undefined;
  #hadFocus = false;
  readonly #resize = new ResizeObserver(([entry]) => {
    this.widthPx = entry?.contentRect.width ?? 0;
  });
  readonly #poller = new Poller({ ask: (signal) => this.#ask(signal), everyMs: BEAT_MS });
  readonly #act = new Task<readonly [Asked | undefined], void>(this, {
    task: ([asked], { signal }) => this.#do(asked, signal),
    autoRun: false,
    onError: (thrown) => {
      this.failure = asFailure(thrown);
    },
  });

  constructor() {
    super();
    this.quiet = false;
    this.kind = 'calm';
    this.formError = '';
    this.faults = [faultOf('encoder', FIRST_AT_S)];
    this.seconds = 8;
    this.record = true;
    this.scriptText = '';
    this.widthPx = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
    this.#poller.stop();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('api') || changed.has('host') || changed.has('token')) {
      this.stream = undefined;
      this.failure = undefined;
      this.#started = undefined;
      this.#poller.stop();
    }
    if (this.isConnected) this.#poller.start();
    // What starts and what stops stand in one place, and so does the focus: a button that cannot be pressed has none.
    const focus = this.shadowRoot?.activeElement ?? undefined;
    if (focus !== undefined) this.#hadFocus = focus.closest('.go') !== null;
    else if (document.activeElement !== document.body) this.#hadFocus = false;
  }

  protected override updated(): void {
    if (!this.#hadFocus || document.activeElement !== document.body) return;
    this.renderRoot.querySelector<HTMLElement>('.go .btn:not([disabled])')?.focus();
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const busy = this.#isRunning || this.#isSaving || this.#act.status === TaskStatus.PENDING;
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading}>
      <div class="head"><h2>${t.heading}</h2><span class="grow"></span>
        <span class="seg" role="group" aria-label=${t.kind}>${KINDS.map(
          (kind) =>
            html`<button type="button" aria-pressed=${this.#kind === kind} ?disabled=${busy} @click=${() => this.#choose(kind)}>${t[kind]}</button>`,
        )}</span></div>
      <div class="body">
        <form @submit=${this.#onSubmit} novalidate>
          ${this.#renderForm(busy)}
          <label class="check"><input type="checkbox" name="record" .checked=${this.record} ?disabled=${busy} @change=${this.#onRecord} /><span>${t.record}<span class="t3 s">${t.recordHint}</span></span></label>
          <div class="acts go">${
            this.#isRunning
              ? html`<button class="btn" type="button" @click=${this.#onStop}>${t.stop}</button>${this.#renderWatch()}`
              : html`<button class="btn ${this.#started?.run.capture === 'saved' ? '' : 'primary'}" ?disabled=${busy}>${this.#act.status === TaskStatus.PENDING ? t.starting : t.start}</button>`
          }</div>
        </form>
        ${this.#renderProgress()}${this.formError === '' ? nothing : html`<p class="note bad" role="alert">${this.formError}</p>`}
        ${this.quiet && this.failure?.kind === 'offline' ? nothing : failureNote(this.failure, this.format)}${this.#renderOutcome()}
      </div>
    </section></div>`;
  }

  #renderForm(busy: boolean): TemplateResult {
    const t = words[this.language];
    const kind = this.#kind;
    if (kind === 'script') return this.#renderScript(busy);
    if (kind === 'calm') {
      return html`<p class="note">${t.hint}</p>
        <details><summary>${t.settings}</summary>${this.#renderFields(busy)}</details>`;
    }
    const running = this.#isRunning ? this.#started : undefined;
    const mode = COMMON_FAULT_MODE;
    return html`<p class="note">${t.faultsHint}</p>
      <div part="plan">${planPicture({
        format: this.format,
        faults: running?.faults ?? this.faults,
        seconds: this.#lengthS,
        fps: running?.fps ?? 60,
        elapsedS: this.#isRunning ? this.stream?.elapsed_s : undefined,
        widthPx: this.widthPx - BODY_PADDING_PX,
      })}</div>
      ${planRows({
        format: this.format,
        faults: this.faults,
        disabled: busy,
        onChange: (faults) => this.#plan(faults),
      })}
      <details><summary>${t.settings}</summary><div class="fields">
        <label class="field">${t.mode}<input name="mode" value=${mode} list="modes" required autocomplete="off" title=${t.modeHint} ?disabled=${busy} /></label>
        <datalist id="modes">${[mode, ...COMMON_MODES].map((m) => html`<option value=${m}></option>`)}</datalist>
        <label class="field">${t.seconds}<input name="seconds" type="number" .value=${String(this.seconds)} min="1" max="3600" step="1" ?disabled=${busy} @change=${this.#onSeconds} /></label>
        <label class="field">${t.bitrate}<input name="bitrate" type="number" value="8000" min="100" step="100" ?disabled=${busy} /></label>
      </div></details>`;
  }

  #renderScript(busy: boolean): TemplateResult {
    const t = words[this.language];
    return html`<div class="own"><p class="note">${t.scriptHint}</p>
      <label class="field">${t.scriptText}<textarea name="script" spellcheck="false" autocomplete="off" ?disabled=${busy} .value=${this.scriptText} @input=${this.#onScript}></textarea></label>
      <div class="acts"><input class="vh" type="file" tabindex="-1" aria-hidden="true" accept=".json,application/json" @change=${this.#onFile} />
        <button class="btn" type="button" ?disabled=${busy} @click=${this.#onOpen}>${t.openFile}</button>
        <button class="btn" type="button" ?disabled=${busy} @click=${this.#onFromPlan}>${t.fromPlan}</button></div></div>`;
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

  #renderWatch(): unknown {
    if (this.#started?.run.capture === 'none' || this.#started === undefined) return nothing;
    return html`<button class="btn" type="button" @click=${() => this.dispatchEvent(new PfRecordingSelect(undefined))}>${words[this.language].watch}</button>`;
  }

  #renderProgress(): unknown {
    if (!this.#isRunning) return nothing;
    const t = words[this.language];
    const f = this.format;
    const { elapsed_s, seconds } = this.stream ?? {};
    const started = this.#started;
    const joined =
      started?.run.capture === 'joined' ? html`<p class="note">${t.recordJoined}</p>` : nothing;
    if (elapsed_s === undefined || seconds === undefined || seconds <= 0) {
      return html`<div><p class="note" role="status">${this.stream?.state === 'starting' ? t.starting : t.runningOpen}</p>${joined}</div>`;
    }
    const done = Math.min(elapsed_s, seconds);
    const text = t.running(f.unit(f.count(done), 's'), f.unit(f.count(seconds), 's'));
    const left = t.left(f.unit(f.count(Math.ceil(seconds - done)), 's'));
    const now =
      started === undefined
        ? ''
        : nowText({ format: f, faults: started.faults, seconds, fps: started.fps, elapsedS: done });
    return html`<div>${now === '' ? nothing : html`<p class="doing" role="status">${now}</p>`}
      <p class="note"><span>${text}</span> · <span>${left}</span></p><progress max=${seconds} value=${done} aria-label=${text}></progress>${joined}</div>`;
  }

  #renderOutcome(): unknown {
    const t = words[this.language];
    const stream = this.stream;
    if (stream?.state === 'failed') {
      const why = stream.error === undefined ? t.failedUnknown : t.failed(stream.error);
      return html`<p class="note bad" role="status">${why}</p>`;
    }
    if (stream?.state !== 'done' || stream.report === undefined) return nothing;
    const isScript = this.#started?.request.script !== undefined;
    return html`<div class="outcome">${this.#renderRecorded()}${reportTables(stream.report, this.format, isScript)}</div>`;
  }

  #renderRecorded(): unknown {
    const started = this.#started;
    if (started === undefined) return nothing;
    const t = words[this.language];
    const { run, planned } = started;
    const problem = failureNote(run.failure, this.format);
    // A host that was silent to the end may still be recording.
    switch (run.capture === 'armed' && run.isOver ? 'joined' : run.capture) {
      case 'none':
        return problem;
      case 'armed':
      case 'saving':
        return html`<p class="note" role="status">${t.saving}</p>`;
      case 'joined':
        return html`${problem}<div class="acts"><button class="btn" type="button" @click=${() => void run.save()}>${t.saveNow}</button></div>`;
      case 'saved':
        return html`<div class="acts"><span role="status">${t.saved}</span><button class="btn primary" type="button" @click=${() => this.#look(run.recording?.id)}>${t.look}</button></div>
          ${
            planned.length === 0
              ? nothing
              : html`<pf-injected part="injected" lang=${this.language} theme=${this.theme ?? nothing} .api=${this.client} .recordingId=${run.recording?.id} .planned=${planned} .truth=${run.truth}></pf-injected>`
          }`;
    }
  }

  /** At the first of what was injected, where it is known. */
  #look(id: string | undefined): void {
    const range = this.renderRoot.querySelector('pf-injected')?.firstRange;
    this.dispatchEvent(
      id === undefined || range === undefined
        ? new PfRecordingSelect(id)
        : new PfRecordingLook(id, range),
    );
  }

  get #kind(): Kind {
    return KINDS.find((kind) => kind === this.kind) ?? 'calm';
  }

  get #isRunning(): boolean {
    return this.stream?.state === 'starting' || this.stream?.state === 'running';
  }

  get #isSaving(): boolean {
    const capture = this.#started?.run.capture;
    return capture === 'saving' || (capture === 'armed' && this.#started?.run.isOver === false);
  }

  /** Of the stream that runs, else of the one that is planned. */
  get #lengthS(): number {
    const running = this.#isRunning ? this.stream?.seconds : undefined;
    const planned = Number.isFinite(this.seconds) ? Math.max(1, this.seconds) : 1;
    return running ?? planned;
  }

  #choose(kind: Kind): void {
    this.kind = kind;
    this.formError = '';
    this.failure = undefined;
  }

  /** The stream goes on for a while behind the last fault. */
  #plan(faults: readonly Fault[]): void {
    const more = faults.length - this.faults.length;
    if (more !== 0) void this.updateComplete.then(() => this.#focusPlan(more));
    this.faults = faults;
    const ends = faults.map((fault) => fault.atS + lastsS(fault, 60) + CALM_BEHIND_S);
    const needed = Math.ceil(Math.max(0, ...ends.filter(Number.isFinite)));
    if (!(this.seconds >= needed)) this.seconds = Math.min(3600, needed);
  }

  /** To the line that came, else to what brings one. */
  #focusPlan(more: number): void {
    const lines = [...this.renderRoot.querySelectorAll<HTMLElement>('.fault select')];
    const add = this.renderRoot.querySelector<HTMLElement>('.add');
    (more > 0 ? lines.at(-1) : add)?.focus();
  }

  readonly #onRecord = (event: Event): void => {
    if (event.target instanceof HTMLInputElement) this.record = event.target.checked;
  };

  readonly #onSeconds = (event: Event): void => {
    if (event.target instanceof HTMLInputElement) this.seconds = event.target.valueAsNumber;
  };

  readonly #onScript = (event: Event): void => {
    if (event.target instanceof HTMLTextAreaElement) this.scriptText = event.target.value;
  };

  readonly #onOpen = (): void => {
    this.renderRoot.querySelector<HTMLInputElement>('input[type=file]')?.click();
  };

  readonly #onFile = async (event: Event): Promise<void> => {
    if (!(event.target instanceof HTMLInputElement)) return;
    const [file] = event.target.files ?? [];
    if (file !== undefined && file.size <= MOST_SCRIPT_BYTES) this.scriptText = await file.text();
    event.target.value = '';
  };

  readonly #onFromPlan = (): void => {
    const settings = { seconds: this.seconds, width: 640, height: 360, fps: 60, bitrateKbps: 8000 };
    const { script } = planOf(this.faults, settings, this.#planName());
    this.scriptText = JSON.stringify(script, undefined, 2);
  };

  readonly #onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const asked = this.#asked(new FormData(event.target));
    this.formError = typeof asked === 'string' ? asked : '';
    if (typeof asked === 'string') {
      if (this.#kind !== 'script') event.target.querySelector('details')?.setAttribute('open', '');
      return;
    }
    this.failure = undefined;
    void this.#act.run([asked]);
  };

  /** What the form says; a sentence when it says nothing that could be sent. */
  #asked(data: FormData): Asked | string {
    const t = words[this.language];
    const common = { faults: [], planned: [], fps: 60 } as const;
    if (this.#kind === 'script') {
      const script = readScript(this.scriptText);
      if (typeof script === 'string') return script === '' ? t.noScript : t.badJson(script);
      const name = typeof script.name === 'string' ? t.runName(script.name) : t.runNameScript;
      return { ...common, request: { script, truth: true }, name, planned: plannedOf(script) };
    }
    const mode = parseMode(String(data.get('mode') ?? ''));
    if (mode === undefined) return t.badMode;
    if (this.#kind === 'calm') {
      const request = {
        source: SOURCES.find((s) => s === data.get('source')) ?? 'auto',
        ...mode,
        ...figureOf('seconds', data.get('seconds')),
        ...figureOf('bitrate_kbps', data.get('bitrate')),
        ...figureOf('drop_pct', data.get('drop')),
      };
      return { ...common, request, name: t.runNameCalm };
    }
    const { bitrate } = figureOf('bitrate', data.get('bitrate'));
    if (!isWhole(this.faults) || !(this.seconds >= 1) || bitrate === undefined) return t.badPlan;
    const name = this.#planName();
    const settings = { ...mode, seconds: this.seconds, bitrateKbps: bitrate };
    const { script, planned } = planOf(this.faults, settings, name);
    const { faults } = this;
    return { request: { script, truth: true }, name, planned, faults, fps: mode.fps };
  }

  #planName(): string {
    const t = words[this.language];
    const names = new Set(this.faults.map(({ kind }) => faultNames[this.language][kind]));
    return names.size === 0 ? t.runNameCalm : t.runName([...names].join(', ').slice(0, 100));
  }

  readonly #onStop = (): void => {
    this.failure = undefined;
    void this.#act.run([undefined]);
  };

  async #do(asked: Asked | undefined, signal: AbortSignal): Promise<void> {
    if (asked === undefined) {
      await this.client.stopTestStream(signal);
      this.dispatchEvent(new PfTestStream('stop'));
      this.#poller.now();
      return;
    }
    const run = new RecordedRun({
      api: this.client,
      request: asked.request,
      name: asked.name,
      record: this.record,
      isHidden: () => document.hidden,
      onState: (state) => {
        if (this.#started?.run === run) this.stream = state;
      },
      onArmed: (status) => this.dispatchEvent(new PfCaptureChange({ status })),
      onSaved: (recording) => this.dispatchEvent(new PfCaptureChange({ recording })),
      onChange: () => this.requestUpdate(),
    });
    const stream = await run.start(signal);
    this.#started = { ...asked, run };
    this.stream = stream;
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
const CALM_BEHIND_S = 2;
/** Small, so that of what is seen as little as possible is this machine's own. */
const COMMON_FAULT_MODE = '640x360@60';
const BODY_PADDING_PX = 32;
const MOST_SCRIPT_BYTES = 4_000_000;
