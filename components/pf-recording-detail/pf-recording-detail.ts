// <pf-recording-detail>: one recording, or the live capture, from the answer down to the figures: what the windows say,
// then latency, throughput and health on one axis with one cursor.
import { Task, TaskStatus } from '@lit-labs/task';
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { Capture, CaptureMeta, StatsSample } from '../../contract/stats.ts';
import type { Finding, Findings } from '../../recording/src/review/findings.ts';
import { nextOutlier } from '../../recording/src/review/outliers.ts';
import { CaptureSource } from '../base/capture-source.ts';
import { saveFile } from '../base/download.ts';
import { define } from '../base/element.ts';
import { PfBrush, type PfCursor, type PfFrame, type PfZoom } from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { findingText, verdictText } from '../base/finding-words.ts';
import { codecName, DASH, kindName, mode } from '../base/format.ts';
import { dateOf, lengthOf } from '../base/format-dates.ts';
import { percentOf } from '../base/format-shares.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { failureNote } from '../base/states.ts';
import { type ApiFailure, asFailure } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { swatch, swatchStyles } from '../base/swatch.ts';
import { tokens } from '../base/tokens.ts';
import { buildGrid, type Range } from '../chart/grid.ts';
import type { Quantile } from '../chart/latency.ts';
import { sessionFps, sessionIds, startCursorMs } from '../chart/sessions.ts';
import { type Verdict, verdictOf } from '../chart/verdict.ts';
import { Asked } from '../review/asked.ts';
import { caveats, windowSentences } from './sentences.ts';
import '../pf-event-lanes/pf-event-lanes.ts';
import '../pf-frame-strip/pf-frame-strip.ts';
import '../pf-health-chart/pf-health-chart.ts';
import '../pf-quantile-table/pf-quantile-table.ts';
import '../pf-report/pf-report.ts';
import '../pf-latency-chart/pf-latency-chart.ts';
import '../pf-throughput-chart/pf-throughput-chart.ts';
import type { ReviewClient } from '../review/review-client.ts';
import { ReviewSource } from '../review/review-source.ts';
import { workerUrl } from '../review/worker-url.ts';
import { words } from './strings.ts';
import { detailStyles } from './styles.ts';

/** One session of one capture, with what is said about it. */
interface View {
  readonly capture: Capture;
  readonly ids: readonly number[];
  readonly session: number | undefined;
  readonly samples: readonly StatsSample[];
  readonly verdict: Verdict;
}

/**
 * @summary One recording or the live capture: verdict and timeline.
 * @event {PfCursor} pf-cursor - The cursor was moved in one of the charts.
 * @csspart head - Name, facts and actions.
 * @csspart verdict - The sentence and its evidence.
 * @csspart timeline - The charts.
 */
export class PfRecordingDetail extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    recording: { attribute: false },
    recordingId: { type: String, attribute: 'recording-id' },
    session: { type: Number },
    quantile: { type: String },
    table: { type: Boolean },
    quiet: { type: Boolean },
    frames: { attribute: false },
    entry: { attribute: false },
    zoom: { attribute: false },
    brush: { attribute: false },
    row: { state: true },
    whole: { state: true },
    cursorMs: { state: true },
    failure: { state: true },
  };
  static override styles = [
    tokens,
    seriesTokens,
    controls,
    fieldStyles,
    swatchStyles,
    detailStyles,
  ];

  /** A capture handed in; nothing is asked for then. */
  declare recording: Capture | undefined;
  /** A recording to read; without it the live capture is shown. */
  declare recordingId: string | undefined;
  /** Which session; the first of a recording, the latest of a live capture. */
  declare session: number | undefined;
  /** `p50` or `p99`: which frames the latency lane shows. */
  declare quantile: Quantile;
  /** Shows the table twins of the lanes. */
  declare table: boolean;
  /** The page around says it when the host falls silent: once is enough. */
  declare quiet: boolean;
  /** Bytes of the frames file beside a capture handed in; given away. */
  declare frames: ArrayBuffer | undefined;
  /** What a list says of it: name, tags. */
  declare entry: CaptureMeta | undefined;
  /** Part of the recording that is shown; undefined: all. */
  declare zoom: Range | undefined;
  /** Part that is chosen, whose figures are told; undefined: none. */
  declare brush: Range | undefined;
  /** The frame that is looked at. */
  declare protected row: number | undefined;
  declare protected whole: boolean;
  declare protected cursorMs: number | undefined;
  declare protected failure: ApiFailure | undefined;

  readonly #source = new CaptureSource(this, () => ({
    api: this.client,
    given: this.recording,
    id: this.recordingId,
  }));
  readonly #review = new ReviewSource(this, () => ({
    api: this.client,
    capture: this.#source.live ? undefined : this.#source.capture,
    frames: this.frames,
    workerUrl,
  }));
  readonly #findings = new Asked(this, 'findings', () => {
    const client = this.#review.client;
    const session = this.#view?.session;
    return client === undefined || session === undefined ? undefined : { client, args: [session] };
  });
  readonly #outliers = new Asked(this, 'outliers', () => {
    const client = this.#review.client;
    const session = this.#view?.session;
    return client === undefined || session === undefined ? undefined : { client, args: [session] };
  });
  readonly #download = new Task<readonly [string], void>(this, {
    task: async ([id], { signal }) =>
      saveFile(await this.client.recordingFile(id, signal), `${id}.json`),
    autoRun: false,
    onError: (thrown) => {
      this.failure = asFailure(thrown);
    },
  });
  readonly #mark = new Task<readonly [string], void>(this, {
    task: async ([text], { signal }) => {
      await this.client.mark?.(text, signal);
      this.failure = undefined;
      this.#source.again();
    },
    autoRun: false,
    onError: (thrown) => {
      this.failure = asFailure(thrown);
    },
  });
  #view: View | undefined;

  constructor() {
    super();
    this.quantile = 'p50';
    this.table = false;
    this.quiet = false;
    this.whole = false;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('recordingId') || changed.has('recording')) {
      this.cursorMs = undefined;
      this.row = undefined;
      this.failure = undefined;
      // What was asked for together with a recording belongs to it.
      if (!changed.has('zoom')) this.zoom = undefined;
      if (!changed.has('brush')) this.brush = undefined;
      if (changed.has('recordingId')) this.session = undefined;
    }
    const capture = this.#source.capture;
    const stale = this.#view?.capture !== capture || changed.has('session');
    if (stale) this.#view = capture === undefined ? undefined : this.#viewOf(capture);
  }

  #viewOf(capture: Capture): View {
    const ids = sessionIds(capture);
    const session = this.session ?? (this.#source.live ? ids.at(-1) : ids[0]);
    const samples = capture.samples.filter((s) => s.session_id === session);
    const fps = sessionFps(capture, session);
    const gaps = buildGrid(
      samples,
      { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER },
      samples.length + 1,
    ).gaps.length;
    return { capture, ids, session, samples, verdict: verdictOf(capture, samples, fps, gaps) };
  }

  protected override render(): TemplateResult {
    const view = this.#view;
    return html`<div class="frame"><div class="stack" @keydown=${this.#onKey}>
      ${this.#renderHead(view)}${this.#renderProblem()}${this.#renderVerdict(view)}
      <div class="deep">${this.#renderTimeline(view)}${this.#renderRange(view)}</div>${this.#renderStrip(view)}
    </div></div>`;
  }

  #renderHead(view: View | undefined): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const meta = view?.capture.meta;
    const live = this.#source.live;
    const when = meta === undefined ? '' : dateOf(f, meta.started_unix_ms);
    const name = this.entry?.name ?? meta?.name;
    const title = live ? t.live : meta === undefined ? t.reading : (name ?? when);
    return html`<div class="headrow" part="head">
      <div><h1>${title}</h1><div class="meta">${[...(name === undefined || live ? [] : [when]), ...this.#facts(view)].map((x) => html`<span>${x}</span>`)}</div></div>
      ${
        meta === undefined
          ? nothing
          : live
            ? this.#renderMarkForm()
            : this.recordingId === undefined
              ? nothing
              : html`<div class="acts"><button class="btn" @click=${this.#onReport}>${t.report}</button>
                <button class="btn" @click=${() => void this.#download.run([meta.id])}>${t.download}</button></div>
                <pf-report lang=${this.language} theme=${this.theme ?? nothing} .api=${this.client} .recording=${view?.capture} .entry=${this.entry}></pf-report>`
      }
    </div>${this.#renderMarkers(view)}`;
  }

  /** "Here it was": put down while playing, found again afterwards. */
  #renderMarkForm(): unknown {
    if (this.client.mark === undefined) return nothing;
    const t = words[this.language];
    const busy = this.#mark.status === TaskStatus.PENDING;
    return html`<form class="mark" @submit=${this.#onMark}>
      <input name="text" aria-label=${t.markText} placeholder=${t.markText} maxlength="200" autocomplete="off" />
      <button class="btn" ?disabled=${busy}>${t.mark}</button>
    </form>`;
  }

  #renderMarkers(view: View | undefined): unknown {
    const markers = (view?.capture.events ?? []).filter(({ kind }) => kind === 'marker');
    if (markers.length === 0) return nothing;
    const t = words[this.language];
    return html`<ul class="markers" aria-label=${t.markers}>${markers.map(
      ({ t_ms, detail }) =>
        html`<li><button class="btn" @click=${() => this.#lookAt(t_ms)}><b>${this.format.clock(t_ms)}</b> ${String(detail?.['text'] ?? '')}</button></li>`,
    )}</ul>`;
  }

  #lookAt(ms: number): void {
    this.cursorMs = ms;
    this.whole = true;
  }

  readonly #onMark = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const text = String(new FormData(event.target).get('text') ?? '').trim();
    event.target.reset();
    void this.#mark.run([text === '' ? words[this.language].marker : text]);
  };

  #facts(view: View | undefined): string[] {
    if (view === undefined) return ['\u00a0'];
    const t = words[this.language];
    const f = this.format;
    const { meta, sessions } = view.capture;
    const own = sessions?.find((s) => s.session_id === view.session);
    const kind = own?.kind ?? meta.kind;
    const codec = own?.codec ?? meta.codec;
    const size = own ?? meta;
    const facts = [
      this.#source.live ? t.since(f.time(meta.started_unix_ms)) : lengthOf(f, meta.duration_ms),
      own?.client ?? meta.client,
      kindName(kind),
      mode(f, size.width, size.height, size.fps),
      [codecName(codec), own?.encoder].filter((x) => x !== undefined && x !== '').join(' · '),
      own?.source ?? '',
      t.samples(f.count(view.samples.length), view.samples.length === 1),
      view.capture.host === undefined ? '' : `punktfunk-host ${view.capture.host.version}`,
    ];
    return facts.filter((x) => x !== '' && x !== DASH);
  }

  #renderProblem(): unknown {
    const failure = this.failure ?? this.#source.failure;
    if (failure === undefined || (this.quiet && failure.kind === 'offline')) return nothing;
    return html`<section class="card pad">${failureNote(failure, this.format)}</section>`;
  }

  /** While it is read the card stands at its usual height, so that the timeline below does not move. */
  #renderVerdict(view: View | undefined): unknown {
    const t = words[this.language];
    const isReading = this.#isReading;
    const loading = isReading || (view === undefined && this.#source.loading);
    if (view === undefined && this.#source.failure !== undefined) return nothing;
    const [big, ...rest] = loading
      ? [this.#readingText(view)]
      : view === undefined
        ? [t.idle]
        : this.#sentences(view);
    const found = loading ? undefined : this.#found;
    const seen = loading || (view !== undefined && view.samples.length > 0);
    return html`<section class="card verdict" part="verdict" aria-label=${t.verdict}>
      <div class="say ${loading ? 'loading' : ''}"><p class="big">${big}</p>${rest.map((x) => html`<p>${x}</p>`)}</div>
      ${found === undefined ? nothing : this.#renderFindings(found)}
      ${seen ? html`<p class="sight">${t.sight}</p>` : nothing}
    </section>`;
  }

  #readingText(view: View | undefined): string {
    const t = words[this.language];
    const frames = view?.capture.meta.frame_count;
    const share = this.#review.share;
    if (frames === undefined) return t.reading;
    const read = share === undefined ? '' : ` ${percentOf(this.format, share)}`;
    return `${t.readingFrames(this.format.count(frames))}${read}`;
  }

  /** The answer first, then what it rests on. */
  #sentences(view: View): readonly string[] {
    const t = words[this.language];
    const f = this.format;
    const { verdict, samples, capture } = view;
    const live = this.#source.live;
    if (samples.length === 0) return [live ? t.waiting : t.noSamples, ...caveats(verdict, f)];
    const found = this.#found;
    if (found === undefined || found.frames === 0) return windowSentences(verdict, f, live);
    return [...verdictText(found, f, capture.meta.duration_ms), ...caveats(verdict, f)];
  }

  /** What every frame together says; undefined while they are read and where there are none. */
  get #found(): Findings | undefined {
    return this.#findings.answer;
  }

  get #shownFindings(): readonly Finding[] {
    return this.#found?.findings.slice(0, MOST_FINDINGS) ?? [];
  }

  /** Findings are on their way: a sentence out of windows would be said only to be taken back. */
  get #isReading(): boolean {
    if (this.#source.live || this.#source.capture === undefined) return false;
    if (this.#review.failure !== undefined || this.#findings.failure !== undefined) return false;
    return this.#found === undefined && this.#view?.session !== undefined;
  }

  #renderFindings(found: Findings): unknown {
    const t = words[this.language];
    const shown = this.#shownFindings;
    if (shown.length === 0) return nothing;
    const rest = found.findings.length - shown.length;
    return html`<ol class="findings" aria-label=${t.findings}>${shown.map((one, i) => this.#renderFinding(one, i, found))}</ol>${
      rest > 0
        ? html`<p class="sight">${t.moreFindings(this.format.count(rest), rest === 1)}</p>`
        : nothing
    }`;
  }

  #renderFinding(finding: Finding, index: number, found: Findings): TemplateResult {
    const { key, side, span, strong, rest, sight, figures } = findingText(
      finding,
      this.format,
      found,
    );
    const chosen = this.brush !== undefined && isSame(this.brush, rangeOf(finding));
    return html`<li><button class="finding" aria-pressed=${chosen} @click=${() => this.#choose(index)}>
      <span class="no">${index + 1}</span>
      <span class="side">${swatch(key)}<b>${side}</b><span class="t3">${span}</span></span>
      <span class="what"><span><b>${strong}</b> ${rest}</span><span class="t3">${sight}</span></span>
      <span class="figures">${figures.map(([value, what]) => html`<span><b>${value}</b><span class="t3">${what}</span></span>`)}</span>
    </button></li>`;
  }

  /** Chooses exactly its range, so that every figure below is of it. */
  #choose(index: number): void {
    const finding = this.#shownFindings[index];
    if (finding === undefined) return;
    const range = rangeOf(finding);
    const again = this.brush !== undefined && isSame(this.brush, range);
    this.#toBrush(again ? undefined : range);
    if (again) return;
    this.cursorMs = finding.fromMs;
    this.row = 'worstRow' in finding ? finding.worstRow : undefined;
    const { zoom } = this;
    const isSeen = zoom === undefined || (range.fromMs >= zoom.fromMs && range.toMs <= zoom.toMs);
    if (!isSeen) this.zoom = undefined;
  }

  #toBrush(range: Range | undefined): void {
    this.brush = range;
    this.dispatchEvent(new PfBrush(range, true));
  }

  #renderTimeline(view: View | undefined): unknown {
    if (view === undefined && !this.#source.loading) return nothing;
    const t = words[this.language];
    const live = this.#source.live;
    const segment = (on: boolean, text: string, act: () => void): TemplateResult =>
      html`<button aria-pressed=${on} @click=${act}>${text}</button>`;
    const quantile = (q: Quantile): TemplateResult =>
      segment(this.quantile === q, q, () => {
        this.quantile = q;
      });
    const part = (whole: boolean): TemplateResult =>
      segment(this.whole === whole, whole ? t.whole : t.lastMinutes, () => {
        this.whole = whole;
      });
    return html`<section class="card timeline" part="timeline" aria-label=${t.timeline} @pf-cursor=${this.#onCursor}
      @pf-brush=${this.#onBrush} @pf-zoom=${this.#onZoom}>
      <div class="head"><h2>${t.timeline}</h2><span class="t3 s wide">${t.stagesAt}</span>
        <span class="seg" role="group" aria-label=${t.quantile}>${quantile('p50')}${quantile('p99')}</span>
        ${this.#renderSessions(view)}<span class="grow"></span>
        ${live ? html`<span class="seg" role="group" aria-label=${t.show}>${part(false)}${part(true)}</span>` : nothing}
        <button class="btn" aria-pressed=${this.table} @click=${this.#onTable}>${t.asTable}</button></div>
      ${this.#renderCharts(view)}
      <p class="keys" aria-hidden="true"><span><kbd>←</kbd> <kbd>→</kbd> ${t.cursor}</span><span><kbd>Esc</kbd> ${live ? t.latestKey : t.worstKey}</span
        ><span><kbd>q</kbd> p50, p99</span><span><kbd>t</kbd> ${t.table}</span></p>
    </section>`;
  }

  /** Only what every frame together can say; a live capture has its frames on the host alone. */
  #deep(
    view: View | undefined,
  ): { readonly view: View; readonly review: ReviewClient } | undefined {
    const review = this.#review.client;
    const own = review?.sessions.find(({ sessionId }) => sessionId === view?.session);
    if (view === undefined || review === undefined || (own?.rows ?? 0) === 0) return undefined;
    return { view, review };
  }

  #renderRange(view: View | undefined): unknown {
    const deep = this.#deep(view);
    if (deep === undefined) return nothing;
    return html`<pf-quantile-table lang=${this.language} theme=${this.theme ?? nothing} .recording=${deep.view.capture} .review=${deep.review} .session=${deep.view.session} .range=${this.brush}></pf-quantile-table>`;
  }

  #renderStrip(view: View | undefined): unknown {
    const deep = this.#deep(view);
    if (deep === undefined) return nothing;
    return html`<pf-frame-strip lang=${this.language} theme=${this.theme ?? nothing} .recording=${deep.view.capture} .review=${deep.review} .session=${deep.view.session}
      .range=${this.brush} .row=${this.row} .atMs=${this.cursorMs} @pf-frame=${this.#onFrame}></pf-frame-strip>`;
  }

  readonly #onFrame = (event: PfFrame): void => {
    this.row = event.row;
    this.cursorMs = event.atMs;
  };

  /** Before data arrive the charts stand there empty at their final size. */
  #renderCharts(view: View | undefined): TemplateResult {
    const capture = view?.capture ?? EMPTY;
    const live = this.#source.live;
    const range = live && !this.whole ? lastMinutes(view) : this.zoom;
    const review = this.#review.client;
    const cursor =
      this.cursorMs ?? (live || view === undefined ? undefined : startCursorMs(view.samples));
    const lang = this.language;
    const theme = this.theme ?? nothing;
    return html`<pf-event-lanes lane lang=${lang} theme=${theme} .recording=${capture} .review=${review} .session=${view?.session} .findings=${this.#found === undefined ? undefined : this.#shownFindings}
        .range=${range} .brush=${this.brush} .cursorMs=${cursor} .follow=${live} .table=${this.table}></pf-event-lanes>
      <pf-latency-chart lane no-axis lang=${lang} theme=${theme} .recording=${capture} .review=${review} .session=${view?.session}
        .range=${range} .brush=${this.brush} .cursorMs=${cursor} .follow=${live} .table=${this.table} .quantile=${this.quantile}
        @keyup=${this.#onKeyUp}></pf-latency-chart>
      <pf-throughput-chart lane no-axis lang=${lang} theme=${theme} .recording=${capture} .session=${view?.session}
        .range=${range} .brush=${this.brush} .cursorMs=${cursor} .follow=${live} .table=${this.table}></pf-throughput-chart>
      <pf-health-chart lane no-axis lang=${lang} theme=${theme} .recording=${capture} .session=${view?.session}
        .range=${range} .brush=${this.brush} .cursorMs=${cursor} .follow=${live} .table=${this.table}></pf-health-chart>`;
  }

  #renderSessions(view: View | undefined): unknown {
    if (view === undefined || view.ids.length < 2) return nothing;
    const t = words[this.language];
    const f = this.format;
    const name = (id: number): string => {
      const own = view.capture.sessions?.find((s) => s.session_id === id);
      const what =
        own === undefined ? '' : `${own.client} ${mode(f, own.width, own.height, own.fps)}`.trim();
      return what === '' ? `${t.session} ${id}` : t.sessionOf(id, what);
    };
    return html`<select class="pick" aria-label=${t.session} @change=${this.#onSession}>${view.ids.map(
      (id) => html`<option value=${id} ?selected=${id === view.session}>${name(id)}</option>`,
    )}</select>`;
  }

  readonly #onCursor = (event: PfCursor): void => {
    this.cursorMs = event.ms;
    // Where the cursor goes, the strip follows.
    this.row = undefined;
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const [from] = event.composedPath();
    const isTyping =
      from instanceof HTMLInputElement ||
      from instanceof HTMLTextAreaElement ||
      from instanceof HTMLSelectElement;
    if (event.defaultPrevented || isTyping || event.ctrlKey || event.altKey || event.metaKey)
      return;
    if (/^[1-5]$/.test(event.key)) this.#choose(Number(event.key) - 1);
    else if (event.key === 'n') this.#toOutlier(1);
    else if (event.key === 'p') this.#toOutlier(-1);
    else return;
    event.preventDefault();
  };

  /** Where to look next. A part of the recording that does not hold it moves along. */
  #toOutlier(direction: 1 | -1): void {
    const found = nextOutlier(this.#outliers.answer ?? [], (this.cursorMs ?? 0) * 1000, direction);
    if (found === undefined) return;
    const ms = found.atUs / 1000;
    this.cursorMs = ms;
    this.row = found.row;
    const { zoom } = this;
    if (zoom === undefined || (ms >= zoom.fromMs && ms <= zoom.toMs)) return;
    const half = (zoom.toMs - zoom.fromMs) / 2;
    this.zoom = { fromMs: Math.max(0, ms - half), toMs: Math.max(2 * half, ms + half) };
  }

  readonly #onReport = (): void => {
    this.renderRoot.querySelector('pf-report')?.open();
  };

  readonly #onBrush = (event: PfBrush): void => {
    this.brush = event.range;
  };

  readonly #onZoom = (event: PfZoom): void => {
    this.zoom = event.range;
  };

  /** The chart's own `q` moved its quantile: the switch above it follows. */
  readonly #onKeyUp = (event: KeyboardEvent): void => {
    const chart = event.currentTarget;
    if (event.key === 'q' && chart instanceof HTMLElement && 'quantile' in chart) {
      this.quantile = chart.quantile === 'p99' ? 'p99' : 'p50';
    }
  };

  readonly #onTable = (): void => {
    this.table = !this.table;
  };

  readonly #onSession = (event: Event): void => {
    if (event.target instanceof HTMLSelectElement) this.session = Number(event.target.value);
  };
}

/** The live view keeps the last two minutes at its right edge. */
function lastMinutes(view: View | undefined): Range {
  const end = Math.max(
    view?.capture.meta.duration_ms ?? 0,
    view?.capture.samples.at(-1)?.t_ms ?? 0,
  );
  return { fromMs: Math.max(0, end - FOLLOW_MS), toMs: Math.max(FOLLOW_MS, end) };
}

function rangeOf({ fromMs, toMs }: Finding): Range {
  return { fromMs, toMs };
}

function isSame(a: Range, b: Range): boolean {
  return a.fromMs === b.fromMs && a.toMs === b.toMs;
}

define('pf-recording-detail', PfRecordingDetail);

declare global {
  interface HTMLElementTagNameMap {
    'pf-recording-detail': PfRecordingDetail;
  }
}

const FOLLOW_MS = 120_000;
/** More would be no answer; the table of events has them all. */
const MOST_FINDINGS = 5;
const EMPTY: Capture = {
  meta: {
    id: '',
    started_unix_ms: 0,
    duration_ms: 0,
    kind: '',
    width: 0,
    height: 0,
    fps: 0,
    codec: '',
    client: '',
    sample_count: 0,
  },
  samples: [],
};
