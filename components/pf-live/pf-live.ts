// <pf-live>: the recording that is being made, as it will be read afterwards: what can be said so far, events and lanes on
// one axis with one cursor, brush and zoom. Follows the newest stretch until a hand touches the axis; then what is shown
// stands still while more arrives. Says how old it is when the host falls silent, and what became of it when it ended.
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { Capture } from '../../contract/stats.ts';
import type { Finding } from '../../recording/src/review/findings.ts';
import { CaptureSource } from '../base/capture-source.ts';
import { ChartElement } from '../base/chart-element.ts';
import { define } from '../base/element.ts';
import {
  PfBrush,
  type PfCursor,
  PfKeysAsk,
  type PfPreference,
  PfRecordingSelect,
  type PfSessionSelect,
  type PfZoom,
} from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { lengthOf } from '../base/format-dates.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { isCharacter, isTyping, silence } from '../base/single-keys.ts';
import { failureNote } from '../base/states.ts';
import type { ApiFailure } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { swatchStyles } from '../base/swatch.ts';
import { tokens } from '../base/tokens.ts';
import { MAX_BUCKETS, type Range } from '../chart/grid.ts';
import type { Quantile } from '../chart/latency.ts';
import type { SessionRow } from '../chart/session-rows.ts';
import { sumsIn } from '../chart/window-sums.ts';
import type { KeyGroup } from '../pf-keys/key-list.ts';
import { detailStyles } from '../pf-recording-detail/styles.ts';
import { DrawnSoFar, endOf } from './drawn.ts';
import { Ended } from './ended.ts';
import { endedView } from './ended-view.ts';
import { FindingsSoFar } from './findings-so-far.ts';
import { FIRST_SPAN, followed, type Span, type View } from './follow.ts';
import { factsOf, keysView, markersView, stateView } from './head-view.ts';
import { LaneFeed } from './lane-feed.ts';
import { MarkField } from './mark-field.ts';
import { rangeView } from './range-view.ts';
import { RowsSoFar } from './rows-so-far.ts';
import { newestSession, type SessionSoFar, SoFar } from './so-far.ts';
import '../pf-event-lanes/pf-event-lanes.ts';
import '../pf-health-chart/pf-health-chart.ts';
import '../pf-keys/pf-keys.ts';
import '../pf-latency-chart/pf-latency-chart.ts';
import '../pf-session-lanes/pf-session-lanes.ts';
import '../pf-throughput-chart/pf-throughput-chart.ts';
import { words } from './strings.ts';
import { liveStyles } from './styles.ts';
import { timelineHead, timelineLanes } from './timeline-view.ts';
import { verdictView } from './verdict-view.ts';

/**
 * @summary The recording that is being made, followed or held.
 * @event {PfRecordingSelect} pf-recording-select - What it became was asked for, when it is over.
 * @event {PfBrush} pf-brush - A range was chosen; without one: none any more.
 * @event {PfSessionSelect} pf-session-select - Another session was chosen by a hand.
 * @event {PfCursor} pf-cursor - The cursor was moved in one of the lanes.
 * @event {PfKeysAsk} pf-keys-ask - All keys were asked for; prevented, the page shows them itself.
 * @csspart head - What is recorded, and whether it is followed.
 * @csspart verdict - What can be said so far.
 * @csspart timeline - The lanes.
 * @csspart range - Figures of the chosen range.
 * @cssproperty --pf-encode - Colour of the encode stage; likewise every token of the design.
 */
export class PfLive extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    recording: { attribute: false },
    session: { type: Number },
    quantile: { type: String },
    table: { type: Boolean },
    quiet: { type: Boolean },
    keys: { type: String },
    span: { state: true },
    view: { state: true },
    brush: { state: true },
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
    liveStyles,
  ];

  /** The capture so far, from a page that follows it by itself; without it the host's is followed. */
  declare recording: Capture | undefined;
  /** Which session; without it the one that came last, or in a held view the one that it was held with. */
  declare session: number | undefined;
  /** `p50` or `p99`: which frames the latency lane shows. */
  declare quantile: Quantile;
  /** Shows the table twins of the lanes. */
  declare table: boolean;
  /** The page around says it when the host falls silent: once is enough. */
  declare quiet: boolean;
  /** `off`: keys of one character do nothing. */
  declare keys: string | undefined;
  declare protected span: Span;
  declare protected view: View;
  declare protected brush: Range | undefined;
  declare protected cursorMs: number | undefined;
  declare protected failure: ApiFailure | undefined;

  readonly #source = new CaptureSource(this, () => ({
    ...{ api: this.client, given: this.recording, id: undefined },
  }));
  /** Characters are silenced on their way down: what lies inside never hears of them. */
  readonly #silence = {
    capture: true,
    handleEvent: (event: KeyboardEvent): void => silence(event, this.keys),
  };
  readonly #ended = new Ended(this, () => ({ api: this.client, ended: this.#source.ended }));
  readonly #lanes = new LaneFeed(this, () => [...this.#charts()]);
  readonly #mark = new MarkField(this, {
    api: () => this.client,
    onMarked: () => {
      this.failure = undefined;
      this.#source.again();
    },
    onFailure: (failure) => {
      this.failure = failure;
    },
  });
  #soFar = new SoFar();
  readonly #drawn = new DrawnSoFar();
  readonly #findings = new FindingsSoFar();
  readonly #rows = new RowsSoFar();
  #startedUnixMs: number | undefined;
  #offered: readonly unknown[] = [];
  /** Changes of sessions that the rows know of. */
  #rowsAt = -1;
  #told: readonly unknown[] | undefined;
  /** Asked for again when it is another: to ask lays the page out. */
  #width: number | undefined;
  readonly #resize = new ResizeObserver(() => {
    this.#width = undefined;
  });

  constructor() {
    super();
    this.quantile = 'p50';
    this.table = false;
    this.quiet = false;
    this.span = FIRST_SPAN;
    this.view = { kind: 'follow' };
  }

  /** Shows the newest again, and goes on with it. */
  follow(): void {
    this.view = { kind: 'follow' };
    this.cursorMs = undefined;
  }

  /** True while more arrives than is shown. */
  get isHeld(): boolean {
    return this.view.kind === 'hold';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#told = undefined;
    this.#width = undefined;
    this.#resize.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
  }

  protected override surroundingsChanged(): void {
    this.#told = undefined;
    super.surroundingsChanged();
  }

  /** What is told of a session that is not shown changes nothing that is: most ticks of several sessions end here. */
  protected override shouldUpdate(changed: PropertyValues): boolean {
    const capture = this.#capture;
    const started = capture?.meta.started_unix_ms;
    if (started !== undefined && started !== this.#startedUnixMs) this.#begin(started);
    if (capture !== undefined) {
      this.#soFar.take(capture);
      this.#mark.see(capture);
    }
    const told = this.#telling(capture);
    const isSame = changed.size === 0 && told.every((one, i) => one === this.#told?.[i]);
    this.#told = told;
    return !isSame;
  }

  /** Everything that is told or drawn comes of this. */
  #telling(capture: Capture | undefined): readonly unknown[] {
    const { failure, ended, slept, loading } = this.#source;
    const { recording, isLooking } = this.#ended;
    const ofHost = [failure, ended, slept, loading, recording, isLooking, ...this.#mark.told];
    if (capture === undefined) return ofHost;
    const session = this.#shown(capture);
    const seconds = Math.floor(this.#endMs(capture) / 1000);
    const own = [session, session?.samples.length, seconds, this.#soFar.changes];
    const { events, sessions, truncated, records_lost, events_lost } = capture;
    const entry = sessions?.find((one) => one.session_id === session?.id);
    return [...ofHost, ...own, events?.length, entry, truncated, records_lost, events_lost];
  }

  protected override willUpdate(changed: PropertyValues): void {
    const capture = this.#capture;
    if (capture === undefined) this.#drawn.clear();
    else
      this.#advance(
        capture,
        REDRAWN.some((name) => changed.has(name)),
      );
  }

  /** Another capture is another axis. */
  #begin(startedUnixMs: number): void {
    // Who was chosen in one that is over is nobody here.
    if (this.#startedUnixMs !== undefined) this.session = undefined;
    this.#startedUnixMs = startedUnixMs;
    this.#soFar = new SoFar();
    this.#drawn.clear();
    this.#findings.clear();
    this.view = { kind: 'follow' };
    this.brush = undefined;
    this.cursorMs = undefined;
  }

  #advance(capture: Capture, touched: boolean): void {
    const session = this.#shown(capture);
    if (session === undefined) return;
    const restMs = this.#restMs(capture);
    this.#drawn.advance(capture, session, { touched, isHeld: this.isHeld, restMs });
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const capture = this.#capture;
    if (capture === undefined) return;
    const drawn = this.#drawn.now;
    const range = this.#range(capture);
    const touched = HANDS.some((name) => changed.has(name));
    const recording = drawn?.capture ?? capture;
    const cursorMs = this.#cursorAt(range, drawn?.session);
    const rows = this.#rowsOf(capture, touched);
    const offered = [recording, range.fromMs, range.toMs, cursorMs, drawn?.session.id, rows];
    if (offered.every((one, i) => one === this.#offered[i])) return;
    this.#offered = offered;
    const isWaiting = (drawn?.samples ?? 0) === 0 && this.#source.ended === undefined;
    const session = drawn?.session.id;
    const data = { ...{ recording, range, cursorMs, session, rows }, isWaiting };
    this.#lanes.offer(data, touched);
  }

  /** The one that grows, else what was held of the last. */
  get #capture(): Capture | undefined {
    return this.#source.capture ?? this.#source.ended?.capture;
  }

  #shown(capture: Capture): SessionSoFar | undefined {
    // What is held stands still: who comes meanwhile is not shown in its place.
    const held = this.isHeld ? this.#drawn.now?.session.id : undefined;
    const newest = newestSession(this.#soFar.ids, capture.sessions);
    const wanted = [this.session, held, newest].map((id) => this.#soFar.session(id));
    return wanted.find((one) => one !== undefined);
  }

  get #several(): boolean {
    return this.#soFar.ids.length > 1;
  }

  /** Held, they stand still with the lanes: but for who came, and who left. */
  #rowsOf(capture: Capture, touched: boolean): readonly SessionRow[] {
    if (!this.#several) return NO_ROWS;
    const { changes } = this.#soFar;
    if (this.isHeld && !touched && changes === this.#rowsAt) return this.#rows.now;
    this.#rowsAt = changes;
    return this.#rows.of(capture, this.#soFar.sessions, this.#drawn.now?.endMs ?? 0);
  }

  /** Of what has come, seen or not. */
  #endMs(capture: Capture): number {
    return endOf(capture, this.#shown(capture));
  }

  /** A window is not drawn before it fills a place of its own. */
  #restMs(capture: Capture): number {
    const { fromMs, toMs } = this.#range(capture);
    return (toMs - fromMs) / Math.min(MAX_BUCKETS, this.#plotWidth);
  }

  #range(capture: Capture): Range {
    const { view } = this;
    if (view.kind === 'hold') return view.range;
    return followed(this.span, this.#drawn.now?.endMs ?? this.#endMs(capture), this.#plotWidth);
  }

  /** Where a hand put it, while that is in view; else the newest window. */
  #cursorAt(range: Range, session: SessionSoFar | undefined): number | undefined {
    const { cursorMs } = this;
    if (cursorMs !== undefined && cursorMs >= range.fromMs && cursorMs <= range.toMs) {
      return cursorMs;
    }
    const drawn = this.#drawn.now;
    if (drawn === undefined || session === undefined) return undefined;
    const newest = drawn.capture.samples[drawn.samples - 1]?.t_ms;
    return newest === undefined ? undefined : Math.min(newest, range.toMs);
  }

  #charts(): Iterable<ChartElement> {
    const found = this.renderRoot.querySelectorAll('[data-lane]');
    return [...found].filter((one) => one instanceof ChartElement);
  }

  get #plotWidth(): number {
    this.#width ??= this.clientWidth;
    return Math.max(120, this.#width - AROUND_PLOT_PX);
  }

  protected override render(): TemplateResult {
    const capture = this.#capture;
    return html`<div class="frame" @keydown=${this.#silence}><div class="stack" @keydown=${this.#onKey} @keyup=${this.#onKeyUp}>
      ${this.#renderHead(capture)}${this.#renderProblem()}${this.#renderEnded()}${this.#renderVerdict(capture)}
      ${this.#renderTimeline(capture)}${this.#renderRange()}
    </div><pf-keys lang=${this.language} theme=${this.theme ?? nothing} .shows=${this.keyGroups} .keys=${this.keys} @pf-preference=${this.#onPreference}></pf-keys></div>`;
  }

  #renderHead(capture: Capture | undefined): TemplateResult {
    const { failure, ended } = this.#source;
    const session = capture === undefined ? undefined : this.#shown(capture);
    const state = { failure, ended, view: this.view, onFollow: () => this.follow() };
    const canMark = capture !== undefined && ended === undefined && this.client.mark !== undefined;
    return html`<div class="headrow" part="head">
      <div><div class="titlerow"><h1>${words[this.language].live}</h1>${capture === undefined ? nothing : stateView(state, this.#endMs(capture), this.format)}</div>
        <div class="meta">${factsOf(capture, session, this.format).map((x) => html`<span>${x}</span>`)}</div></div>
      ${canMark ? this.#mark.render(this.format) : nothing}
    </div>${markersView(capture, this.format, (ms) => this.#lookAt(ms))}`;
  }

  #renderProblem(): unknown {
    const t = words[this.language];
    const f = this.format;
    const failure = this.failure ?? this.#source.failure;
    if (failure !== undefined && !(this.quiet && failure.kind === 'offline')) {
      return html`<section class="card pad">${failureNote(failure, f)}</section>`;
    }
    const { slept } = this.#source;
    if (failure !== undefined || slept === undefined) return nothing;
    if (Date.now() - slept.toUnixMs > TELL_SLEEP_MS) return nothing;
    return html`<section class="card pad"><p class="note" role="status">${t.slept(f.time(slept.fromUnixMs), f.time(slept.toUnixMs))}</p></section>`;
  }

  #renderEnded(): unknown {
    const { ended } = this.#source;
    if (ended === undefined) return nothing;
    const { recording, isLooking } = this.#ended;
    const open = (id: string): void => {
      this.dispatchEvent(new PfRecordingSelect(id));
    };
    return endedView({ ended, recording, isLooking, open }, this.format);
  }

  #renderVerdict(capture: Capture | undefined): unknown {
    const { failure, loading: isLoading } = this.#source;
    if (capture === undefined && failure !== undefined) return nothing;
    const session = capture === undefined ? undefined : this.#shown(capture);
    const found =
      session === undefined ? undefined : this.#findings.of(session, capture?.events ?? []);
    const choose = (one: Finding): void => this.#choose(one);
    const { brush } = this;
    const of = this.#soFar.ids.length;
    return verdictView({ capture, isLoading, session, of, found, brush, choose }, this.format);
  }

  #renderTimeline(capture: Capture | undefined): unknown {
    if (capture === undefined && !this.#source.loading) return nothing;
    const t = words[this.language];
    const session = capture === undefined ? undefined : this.#shown(capture);
    const windowMs = session?.samples[0]?.window_ms;
    return html`<section class="card timeline" part="timeline" aria-label=${t.timeline} @pf-cursor=${this.#onCursor}
      @pf-brush=${this.#onBrush} @pf-zoom=${this.#onZoom} @pf-session-select=${this.#onSession}>
      ${this.#renderTimelineHead()}
      ${this.#renderLanes()}
      ${windowMs === undefined ? nothing : html`<p class="sight">${t.windows(lengthOf(this.format, windowMs))}</p>`}
      ${keysView(this.#askKeys, this.format)}
    </section>`;
  }

  #renderTimelineHead(): TemplateResult {
    const { quantile, table } = this;
    const head = {
      ...{ quantile, table },
      span: this.isHeld ? undefined : this.span,
      onQuantile: (q: Quantile) => {
        this.quantile = q;
      },
      onSpan: (span: Span) => {
        this.span = span;
        this.follow();
      },
      onTable: this.#onTable,
    };
    return timelineHead(head, this.format);
  }

  /** Their data come past this template. */
  #renderLanes(): TemplateResult {
    const { theme, brush, table, quantile } = this;
    const several = this.#several;
    const findings = this.#findings.shown;
    return timelineLanes({ theme, several, findings, brush, table, quantile }, this.format);
  }

  #renderRange(): unknown {
    const drawn = this.#drawn.now;
    const { brush } = this;
    if (drawn === undefined || brush === undefined) return nothing;
    const { budgetMs, samples } = drawn.session;
    return rangeView(brush, sumsIn(samples, brush, budgetMs), budgetMs, this.format);
  }

  /** Chooses exactly its range, so that every figure below is of it. */
  #choose(finding: Finding): void {
    const { fromMs, toMs } = finding;
    const again = this.brush?.fromMs === fromMs && this.brush.toMs === toMs;
    this.#toBrush(again ? undefined : { fromMs, toMs });
    if (again) return;
    this.#lookAt(fromMs);
  }

  #toBrush(range: Range | undefined): void {
    this.brush = range;
    this.dispatchEvent(new PfBrush(range, true));
  }

  /** A time that is to be looked at is in view, and stays there. */
  #lookAt(ms: number): void {
    const capture = this.#capture;
    if (capture === undefined) return;
    const { fromMs, toMs } = this.#range(capture);
    const half = (toMs - fromMs) / 2;
    const isSeen = ms >= fromMs && ms <= toMs;
    const from = isSeen ? fromMs : Math.max(0, ms - half);
    this.#hold({ fromMs: from, toMs: from + toMs - fromMs });
    this.cursorMs = ms;
  }

  #hold(range: Range): void {
    const capture = this.#capture;
    if (capture === undefined) return;
    this.view = { kind: 'hold', range, seenMs: this.#endMs(capture) };
  }

  readonly #onCursor = (event: PfCursor): void => {
    this.cursorMs = event.ms;
  };

  /** What is being chosen must not run away under the hand. */
  readonly #onBrush = (event: PfBrush): void => {
    this.brush = event.range;
    const capture = this.#capture;
    if (!this.isHeld && event.range !== undefined && capture !== undefined) {
      this.#hold(this.#range(capture));
    }
  };

  readonly #onZoom = (event: PfZoom): void => {
    const capture = this.#capture;
    if (capture === undefined) return;
    this.#hold(event.range ?? { fromMs: 0, toMs: Math.max(1000, capture.meta.duration_ms) });
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || isTyping(event) || !isCharacter(event)) return;
    const finding = this.#findings.shown[Number(event.key) - 1];
    if (/^[1-5]$/.test(event.key) && finding !== undefined) this.#choose(finding);
    else if (event.key === '?') this.#askKeys();
    else if (event.key === 'f') this.follow();
    else if (event.key === 'm') this.#mark.press(event.composedPath()[0]);
    else return;
    event.preventDefault();
  };

  /** A key pressed where nothing has the focus: a page that is nothing but this element hands it on. */
  pressed(event: KeyboardEvent): void {
    if (this.keys !== 'off') this.#onKey(event);
  }

  /** What of it has keys. */
  get keyGroups(): readonly KeyGroup[] {
    const own = ['page', 'live', 'timeline', 'events'] as const;
    return this.#several ? [...own, 'sessions'] : own;
  }

  readonly #askKeys = (): void => {
    if (this.dispatchEvent(new PfKeysAsk())) void this.renderRoot.querySelector('pf-keys')?.open();
  };

  readonly #onPreference = (event: PfPreference): void => {
    if (event.keys !== undefined) this.keys = event.keys;
  };

  /** The chart's own `q` and `t` moved it: the switches above it follow. */
  readonly #onKeyUp = (event: KeyboardEvent): void => {
    const chart = event.composedPath().find((one) => one instanceof ChartElement);
    if (chart === undefined || !(chart instanceof ChartElement)) return;
    if (event.key === 'q' && 'quantile' in chart) {
      this.quantile = chart.quantile === 'p99' ? 'p99' : 'p50';
    } else if (event.key === 't') this.table = chart.table;
  };

  readonly #onTable = (): void => {
    this.table = !this.table;
  };

  readonly #onSession = (event: PfSessionSelect): void => {
    this.session = event.sessionId;
  };
}

define('pf-live', PfLive);

declare global {
  interface HTMLElementTagNameMap {
    'pf-live': PfLive;
  }
}

/** What a hand changes is drawn at once, and the first of it with all that has come. */
const REDRAWN = ['view', 'span', 'session'];
const HANDS = [...REDRAWN, 'cursorMs'];
/** Label and readout beside a plot. */
const AROUND_PLOT_PX = 300;
const TELL_SLEEP_MS = 120_000;
const NO_ROWS: readonly SessionRow[] = [];
