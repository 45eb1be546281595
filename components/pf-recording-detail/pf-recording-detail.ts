// <pf-recording-detail>: one recording from the answer down to the figures: what its frames or windows say, then sessions,
// latency, throughput and health on one axis with one cursor. Holds the state that they share. The capture that is being
// made is <pf-live>'s.
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { Capture, CaptureMeta } from '../../contract/stats.ts';
import type { Finding, Findings } from '../../recording/src/review/findings.ts';
import { nextOutlier } from '../../recording/src/review/outliers.ts';
import { define, type Theme } from '../base/element.ts';
import {
  PfBrush,
  type PfCursor,
  type PfFrame,
  PfKeysAsk,
  type PfPreference,
  type PfSessionSelect,
  type PfZoom,
} from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { verdictText } from '../base/finding-words.ts';
import { percentOf } from '../base/format-shares.ts';
import { recordingIdProperty } from '../base/recording-id.ts';
import { RecordingSource } from '../base/recording-source.ts';
import { reviewWords } from '../base/review-strings.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { isCharacter, isTyping, silence } from '../base/single-keys.ts';
import { failureNote } from '../base/states.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { swatchStyles } from '../base/swatch.ts';
import { tokens } from '../base/tokens.ts';
import type { Range } from '../chart/grid.ts';
import type { Quantile } from '../chart/latency.ts';
import '../pf-event-lanes/pf-event-lanes.ts';
import '../pf-frame-strip/pf-frame-strip.ts';
import '../pf-health-chart/pf-health-chart.ts';
import type { KeyGroup } from '../pf-keys/key-list.ts';
import '../pf-keys/pf-keys.ts';
import '../pf-latency-chart/pf-latency-chart.ts';
import '../pf-quantile-table/pf-quantile-table.ts';
import '../pf-session-lanes/pf-session-lanes.ts';
import '../pf-throughput-chart/pf-throughput-chart.ts';
import { Asked } from '../review/asked.ts';
import type { ReviewClient } from '../review/review-client.ts';
import { ReviewSource } from '../review/review-source.ts';
import { workerUrl } from '../review/worker-url.ts';
import { Acts } from './acts.ts';
import { renderFacts, renderHead } from './head-view.ts';
import { Paper } from './paper.ts';
import { renderPaper } from './paper-view.ts';
import { caveats, windowSentences } from './sentences.ts';
import { Standing } from './standing.ts';
import { words } from './strings.ts';
import { detailStyles } from './styles.ts';
import {
  renderKeysLine,
  renderLanes,
  renderTimelineHead,
  type TimelineView,
} from './timeline-view.ts';
import { renderVerdict } from './verdict-view.ts';
import { around, holds, isSame, markersOf, nextMarker, type View, viewOf } from './view.ts';

/**
 * @summary One recording: verdict and timeline.
 * @event {PfCursor} pf-cursor - The cursor was moved in one of the charts.
 * @event {PfBrush} pf-brush - A range was chosen; without one: none any more.
 * @event {PfSessionSelect} pf-session-select - Another session of the recording was chosen.
 * @event {PfKeysAsk} pf-keys-ask - All keys were asked for; prevented, the page shows them itself.
 * @event {PfPreference} pf-preference - Keys of one character were switched on or off.
 * @csspart head - Name, facts and actions.
 * @csspart verdict - The sentence and its evidence.
 * @csspart facts - What was negotiated, folded away.
 * @csspart timeline - The charts.
 */
export class PfRecordingDetail extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    recording: { attribute: false },
    recordingId: recordingIdProperty,
    session: { type: Number },
    quantile: { type: String },
    table: { type: Boolean },
    quiet: { type: Boolean },
    keys: { type: String },
    frames: { attribute: false },
    entry: { attribute: false },
    zoom: { attribute: false },
    brush: { attribute: false },
    row: { state: true },
    cursorMs: { state: true },
    unfolded: { state: true },
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
  /** A recording to read, with its frames. */
  declare recordingId: string | undefined;
  /** Which session of the recording; the first by default. */
  declare session: number | undefined;
  /** `p50` or `p99`: which frames the latency lane shows. */
  declare quantile: Quantile;
  /** Shows the table twins of the lanes. */
  declare table: boolean;
  /** The page around says it when the host falls silent: once is enough. */
  declare quiet: boolean;
  /** `off`: keys of one character do nothing. */
  declare keys: string | undefined;
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
  declare protected cursorMs: number | undefined;
  /** What was negotiated stands open. */
  declare protected unfolded: boolean;

  readonly #source = new RecordingSource(this, () => ({
    api: this.client,
    given: this.recording,
    id: this.recordingId,
  }));
  readonly #review = new ReviewSource(this, () => ({
    api: this.client,
    capture: this.#source.capture,
    frames: this.frames,
    isGiven: this.recording !== undefined && this.recordingId === undefined,
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
  /** A jump that was asked for before it was known where to. */
  #jumpDue: 1 | -1 | undefined;
  readonly #acts = new Acts(this);
  readonly #paper = new Paper(this);
  readonly #standing = new Standing(this, () => ({
    shown: this.recording ?? this.recordingId,
    isReading: this.#isReading && !this.#paper.isOn,
    isLong: (this.#source.capture?.meta.frame_count ?? 0) > LONG_FRAMES,
    isDone: !this.#isReading && !this.#source.loading,
    answer: this.#found,
    parts: this.#shownFindings.length,
  }));
  /** Characters are silenced on their way down: what lies inside never hears of them. */
  readonly #silence = {
    capture: true,
    handleEvent: (event: KeyboardEvent): void => silence(event, this.keys),
  };
  #view: View | undefined;

  constructor() {
    super();
    this.quantile = 'p50';
    this.table = false;
    this.quiet = false;
    this.unfolded = false;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('recordingId') || changed.has('recording')) {
      this.#jumpDue = undefined;
      this.cursorMs = undefined;
      this.row = undefined;
      this.#acts.forget();
      // What was asked for together with a recording belongs to it.
      if (!changed.has('zoom')) this.zoom = undefined;
      if (!changed.has('brush')) this.brush = undefined;
      if (changed.has('recordingId')) this.session = undefined;
    }
    if (this.#jumpDue !== undefined && this.#outliers.current !== undefined) {
      this.#toOutlier(this.#jumpDue);
    }
    const capture = this.#source.capture;
    const stale = this.#view?.capture !== capture || changed.has('session');
    if (!stale) return;
    this.#view = capture === undefined ? undefined : viewOf(capture, this.session);
  }

  protected override render(): TemplateResult {
    if (this.recording === undefined && this.recordingId === undefined) {
      const { noRecording } = reviewWords[this.language];
      return html`<div class="frame"><section class="card pad"><p class="note">${noRecording}</p></section></div>`;
    }
    // Another one may have been asked for since.
    const view = this.#source.capture === undefined ? undefined : this.#view;
    const paper = this.#paper.isOn;
    const facts =
      view === undefined
        ? nothing
        : renderFacts(view, paper || this.unfolded, this.format, this.#onFold);
    return html`<div class="frame" @keydown=${this.#silence}><div class="stack ${this.#standing.waits ? 'waits' : ''}" @keydown=${this.#onKey}>
      ${this.#renderHead(view)}${this.#renderProblem()}${this.#renderVerdict(view)}${paper ? facts : nothing}
      <div class="deep ${this.#isFramesDue ? 'due' : ''}">${this.#renderTimeline(view)}${this.#renderRange(view)}</div>${this.#renderStrip(view)}
      ${paper ? (view === undefined ? nothing : renderPaper(view, this.format)) : facts}
    </div><pf-keys lang=${this.language} theme=${this.theme ?? nothing} .shows=${this.keyGroups} .keys=${this.keys} @pf-preference=${this.#onPreference}></pf-keys></div>`;
  }

  /** Paper is light, whatever the screen is. */
  get #childTheme(): Theme {
    return this.#paper.isOn ? 'light' : this.theme;
  }

  #renderHead(view: View | undefined): unknown {
    const { entry, theme, client: api } = this;
    const capture = this.recordingId === undefined ? undefined : view?.capture;
    const acts = { api, entry, theme };
    const head = {
      ...{ view, entry },
      unreadable: this.#source.failure !== undefined,
      acts: capture === undefined ? nothing : this.#acts.render({ ...acts, capture }, this.format),
      onMarker: this.#lookAt,
    };
    return renderHead(head, this.format);
  }

  readonly #lookAt = (ms: number): void => {
    this.cursorMs = ms;
    this.row = undefined;
    if (!holds(this.zoom, ms) && this.zoom !== undefined) this.zoom = around(this.zoom, ms);
  };

  #renderProblem(): unknown {
    const failure = this.#acts.failure ?? this.#source.failure;
    if (failure === undefined || (this.quiet && failure.kind === 'offline')) return nothing;
    return html`<section class="card pad">${failureNote(failure, this.format)}</section>`;
  }

  #renderVerdict(view: View | undefined): unknown {
    const loading = this.#isReading;
    // The head says that it is read; how high what stands below will be is known with the recording.
    if (view === undefined) return nothing;
    const sentences = loading ? [this.#readingText(view)] : this.#sentences(view);
    const shown = this.#shownFindings;
    const verdict = {
      ...{ sentences, loading, shown },
      seen: !loading && (view.samples.length > 0 || (this.#found?.frames ?? 0) > 0),
      found: this.#found,
      chosen: shown.findIndex((one) => isSame(this.brush, one)),
      onChoose: (index: number) => this.#choose(index),
      folded: this.#paper.isOn ? 0 : this.#standing.folded,
      onUnfold: this.#unfold,
    };
    return renderVerdict(verdict, this.format);
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
    const { verdict, samples, capture, ids, session } = view;
    const found = this.#found;
    if (samples.length === 0 && (found?.frames ?? 0) === 0) {
      return [t.noSamples, ...caveats(verdict, f)];
    }
    // Several streamed: what is said is of one of them, and another may have stuttered.
    const of = ids.length < 2 ? [] : [t.ofSession(f.count(session ?? 0), f.count(ids.length))];
    if (found === undefined || found.frames === 0) {
      return [...windowSentences(verdict, f), ...of, ...caveats(verdict, f)];
    }
    const said = verdictText(found, f, capture.meta.duration_ms);
    return [...said, ...of, ...caveats(verdict, f)];
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
    if (this.#source.capture === undefined) return false;
    if (this.#review.failure !== undefined || this.#findings.failure !== undefined) return false;
    return this.#found === undefined && this.#view?.session !== undefined;
  }

  readonly #unfold = (): void => {
    const first = this.#shownFindings.length - this.#standing.folded;
    this.#standing.unfold();
    // What was pressed is gone: the first of what it showed has the focus.
    void this.updateComplete.then(() =>
      this.renderRoot.querySelectorAll<HTMLElement>('.finding')[first]?.focus(),
    );
  };

  /** Parts that only frames fill will stand there too. */
  get #isFramesDue(): boolean {
    return this.#isReading && (this.#source.capture?.meta.frame_count ?? 0) > 0;
  }

  /** Chooses exactly its range, so that every figure below is of it. */
  #choose(index: number): void {
    const finding = this.#shownFindings[index];
    if (finding === undefined) return;
    if (index >= this.#shownFindings.length - this.#standing.folded) this.#standing.unfold();
    const { fromMs, toMs } = finding;
    const isAgain = isSame(this.brush, finding);
    this.#toBrush(isAgain ? undefined : { fromMs, toMs });
    if (isAgain) return;
    this.cursorMs = fromMs;
    this.row = 'worstRow' in finding ? finding.worstRow : undefined;
    if (!holds(this.zoom, fromMs) || !holds(this.zoom, toMs)) this.zoom = undefined;
  }

  #toBrush(range: Range | undefined): void {
    this.brush = range;
    this.dispatchEvent(new PfBrush(range, true));
  }

  #renderTimeline(view: View | undefined): unknown {
    if (view === undefined) return nothing;
    const f = this.format;
    const { quantile, table, zoom, brush, cursorMs } = this;
    const theme = this.#childTheme;
    const timeline: TimelineView = {
      ...{ view, quantile, table, zoom, brush, cursorMs, theme },
      review: this.#review.client,
      isFramesDue: this.#isFramesDue,
      findings: this.#found === undefined ? undefined : this.#shownFindings,
      onQuantile: (to) => {
        this.quantile = to;
      },
      onTable: () => {
        this.table = !this.table;
      },
      onKeys: this.#askKeys,
    };
    return html`<section class="card timeline" part="timeline" aria-label=${words[this.language].timeline} @pf-cursor=${this.#onCursor}
      @pf-brush=${this.#onBrush} @pf-zoom=${this.#onZoom} @pf-session-select=${this.#onSession}>
      ${renderTimelineHead(timeline, f)}${renderLanes(timeline, f)}${renderKeysLine(timeline, f)}
    </section>`;
  }

  /** Only what every frame together can say. */
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
    return html`<pf-quantile-table lang=${this.language} theme=${this.#childTheme ?? nothing} .recording=${deep.view.capture} .review=${deep.review} .session=${deep.view.session} .range=${this.brush}></pf-quantile-table>`;
  }

  #renderStrip(view: View | undefined): unknown {
    const deep = this.#deep(view);
    if (deep === undefined) return nothing;
    return html`<pf-frame-strip lang=${this.language} theme=${this.#childTheme ?? nothing} .recording=${deep.view.capture} .review=${deep.review} .session=${deep.view.session}
      .range=${this.brush} .row=${this.row} .atMs=${this.cursorMs} @pf-frame=${this.#onFrame}></pf-frame-strip>`;
  }

  readonly #onFrame = (event: PfFrame): void => {
    this.row = event.row;
    this.cursorMs = event.atMs;
  };

  readonly #onCursor = (event: PfCursor): void => {
    this.#jumpDue = undefined;
    this.cursorMs = event.ms;
    // Where the cursor goes, the strip follows.
    this.row = undefined;
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || isTyping(event) || !isCharacter(event)) return;
    const { key } = event;
    if (/^[1-5]$/.test(key)) this.#choose(Number(key) - 1);
    else if (key === '?') this.#askKeys();
    else if (key === 'm' || key === 'M') this.#toMarker(key === 'm' ? 1 : -1);
    else if (key === 'n' || key === 'p') this.#toOutlier(key === 'n' ? 1 : -1);
    else return;
    event.preventDefault();
  };

  /** A key pressed where nothing has the focus: a page that is nothing but this element hands it on. */
  pressed(event: KeyboardEvent): void {
    if (this.keys !== 'off') this.#onKey(event);
  }

  /** What of the page has keys now. */
  get keyGroups(): readonly KeyGroup[] {
    const several = (this.#view?.ids.length ?? 0) > 1;
    const deep = this.#deep(this.#view) !== undefined;
    return [
      'page',
      'recording',
      'timeline',
      'events',
      ...(several ? (['sessions'] as const) : []),
      ...(deep ? (['frames'] as const) : []),
    ];
  }

  /** Shows every key: the page around does, or this element's own window. */
  readonly #askKeys = (): void => {
    if (this.dispatchEvent(new PfKeysAsk())) void this.renderRoot.querySelector('pf-keys')?.open();
  };

  readonly #onPreference = (event: PfPreference): void => {
    if (event.keys !== undefined) this.keys = event.keys;
  };

  #toMarker(direction: 1 | -1): void {
    const markers = markersOf(this.#view?.capture);
    const next = nextMarker(markers, this.cursorMs ?? (direction > 0 ? -1 : Infinity), direction);
    if (next !== undefined) this.#lookAt(next.atMs);
  }

  /** Where to look next, as soon as it is known. A part of the recording that does not hold it moves along. */
  #toOutlier(direction: 1 | -1): void {
    const outliers = this.#outliers.current;
    this.#jumpDue = outliers === undefined ? direction : undefined;
    const found = nextOutlier(outliers ?? [], (this.cursorMs ?? 0) * 1000, direction);
    if (found === undefined) return;
    const ms = found.atUs / 1000;
    this.cursorMs = ms;
    this.row = found.row;
    if (this.zoom !== undefined && !holds(this.zoom, ms)) this.zoom = around(this.zoom, ms);
  }

  readonly #onFold = (open: boolean): void => {
    if (!this.#paper.isOn) this.unfolded = open;
  };

  readonly #onBrush = (event: PfBrush): void => {
    this.brush = event.range;
  };

  readonly #onZoom = (event: PfZoom): void => {
    this.zoom = event.range;
  };

  readonly #onSession = (event: PfSessionSelect): void => {
    this.#jumpDue = undefined;
    this.session = event.sessionId;
    this.cursorMs = undefined;
    this.row = undefined;
  };
}

/** More than are read in the blink that nobody minds to wait for. */
const LONG_FRAMES = 500_000;
/** More would be no answer; the table of events has them all. */
const MOST_FINDINGS = 5;

define('pf-recording-detail', PfRecordingDetail);

declare global {
  interface HTMLElementTagNameMap {
    'pf-recording-detail': PfRecordingDetail;
  }
}
