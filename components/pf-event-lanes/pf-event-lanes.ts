// <pf-event-lanes>: what was found and what happened, over time: findings by their number over their range, and every
// event of a session with its own shape. The lane says where to look; it explains nothing.
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { Finding } from '../../recording/src/review/findings.ts';
import { ChartElement, type Scope } from '../base/chart-element.ts';
import { chartWords } from '../base/chart-strings.ts';
import { chartStyles } from '../base/chart-styles.ts';
import { define } from '../base/element.ts';
import { PfBrush, PfFinding, PfZoom } from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { keyOf, sideOf } from '../base/finding-words.ts';
import { fineClock, lengthOf } from '../base/format-dates.ts';
import { spanOf } from '../base/format-shares.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import {
  type Axis,
  type Box,
  type EventRow,
  type Glyph,
  layoutEvents,
  type Type,
} from '../chart/event-layout.ts';
import { LANE_HEIGHT, paintEvents, ROW_EDGE } from '../chart/event-paint.ts';
import { type Mark, marksOf } from '../chart/events.ts';
import { type FindingGlyph, layoutFindings } from '../chart/finding-layout.ts';
import type { Range } from '../chart/grid.ts';
import { TICK_COLUMN_PX } from '../chart/options.ts';
import type { Paint } from '../chart/scene.ts';
import { panned } from '../chart/view.ts';
import { Asked, type Wish } from '../review/asked.ts';
import { words } from './strings.ts';
import { eventStyles } from './styles.ts';
import { detailOf, kindName, labelOf } from './telling.ts';

/** What is drawn, after reduction. */
export interface EventLaneModel {
  readonly axis: Axis;
  readonly findings: readonly FindingGlyph[];
  readonly events: EventRow;
}

/** Events of the session, and how many of each kind. */
interface Marks {
  readonly key: readonly unknown[];
  readonly marks: readonly Mark[];
  readonly kinds: readonly (readonly [kind: string, count: number])[];
}

/** What stands under the cursor. */
interface Here {
  readonly finding: number | undefined;
  readonly mark: number | undefined;
}

/**
 * @summary Findings and events of the live capture or of one recording, over time.
 * @event {PfFinding} pf-finding - A finding was chosen, by click or by its number's key; `index` counts from 0.
 * @event {PfBrush} pf-brush - A range was chosen; that of a finding with it.
 * @event {PfCursor} pf-cursor - The cursor was moved by pointer or key; to an event's time when one was chosen.
 * @event {PfZoom} pf-zoom - Another part of the recording is shown.
 * @csspart card - The frame around head and chart.
 * @csspart chart - The focusable group of lanes.
 * @csspart table - The table twin.
 * @cssproperty --pf-bad - Colour of losses, drops and freezes; likewise every token of the design.
 */
export class PfEventLanes extends ChartElement {
  static override properties: PropertyDeclarations = {
    ...ChartElement.properties,
    findings: { attribute: false, hasChanged: isOther },
    selected: { type: Number },
    rows: { state: true },
  };
  static override styles = [tokens, seriesTokens, controls, fieldStyles, chartStyles, eventStyles];

  /** In the order shown, numbered from 1; without it the review is asked, when frames or windows are at hand. */
  declare findings: readonly Finding[] | undefined;
  /** Which of the findings is chosen, from 0; undefined: none. Follows `brush` when that becomes a finding’s range. */
  declare selected: number | undefined;
  /** Rows of the table that are shown. */
  declare protected rows: number;

  readonly #asked = new Asked(this, 'findings', () => this.#question());
  #marks: Marks | undefined;
  #model: EventLaneModel | undefined;
  /** Which glyph an event went into. */
  #owner: ReadonlyMap<number, Glyph> = new Map();
  #pressedX: number | undefined;
  /** How many findings there were last time: they may come after the range that chooses one. */
  #numbered = 0;

  constructor() {
    super();
    this.rows = ROWS_AT_ONCE;
    this.addEventListener('pointerdown', this.#onPress);
    this.addEventListener('pointermove', this.#onHover);
    this.addEventListener('click', this.#onClick);
  }

  /** What is drawn, after reduction; undefined before the first drawing. */
  get model(): EventLaneModel | undefined {
    return this.#model;
  }

  /** The findings that are numbered in the lane. */
  get shown(): readonly Finding[] {
    if (this.findings !== undefined) return this.findings;
    return this.frames === undefined ? [] : (this.#asked.answer?.findings.slice(0, MOST_OWN) ?? []);
  }

  /** Those beyond the numbered ones stand in the table alone. */
  get #known(): readonly Finding[] {
    return this.findings ?? this.#asked.answer?.findings ?? this.shown;
  }

  #question(): Wish<'findings'> | undefined {
    const client = this.frames;
    const session = this.scope?.session;
    if (this.findings !== undefined || client === undefined || session === undefined) {
      return undefined;
    }
    return { client, args: [session] };
  }

  get #all(): readonly Mark[] {
    const scope = this.scope;
    if (scope === undefined) return [];
    const { capture, session, full } = scope;
    const key = [capture, session, full.toMs];
    if (this.#marks === undefined || key.some((own, i) => own !== this.#marks?.key[i])) {
      const marks = marksOf(capture.events ?? [], session, full);
      const counts = new Map<string, number>();
      for (const { kind } of marks) counts.set(kind, (counts.get(kind) ?? 0) + 1);
      this.#marks = { key, marks, kinds: [...counts].sort((a, b) => b[1] - a[1]) };
    }
    return this.#marks.marks;
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    // Whoever chose the range: that of a finding chooses it, another one or none lets it go.
    const known = this.#known.length;
    const isNew = changed.has('brush') || (this.brush !== undefined && known !== this.#numbered);
    this.#numbered = known;
    if (isNew && !changed.has('selected')) {
      const index = this.shown.findIndex((finding) => isSame(finding, this.brush));
      this.selected = index < 0 ? undefined : index;
    }
    if (changed.has('recording') || changed.has('recordingId') || changed.has('session')) {
      this.rows = ROWS_AT_ONCE;
    }
  }

  #crowdHere(): number {
    const { mark } = this.#here();
    return mark === undefined ? 0 : (this.#owner.get(mark)?.members.length ?? 1);
  }

  protected override get heading(): string {
    return words[this.language].heading;
  }

  protected override get tableKey(): string {
    const found = this.#known.map(({ kind, fromMs, toMs }) => `${kind}${fromMs}-${toMs}`).join();
    return `${found} ${this.rows} ${this.#all.length}`;
  }

  protected override drawLanes(scope: Scope | undefined, paint: Paint): void {
    const before = this.#crowdHere();
    this.#draw(scope, paint);
    // How many stand together under the cursor is known once they are placed.
    if (this.#crowdHere() !== before) this.requestUpdate();
  }

  #draw(scope: Scope | undefined, paint: Paint): void {
    const canvas = this.canvas('events');
    const g = canvas?.getContext('2d');
    if (!canvas || !g) return;
    // Known without asking: nothing is laid out for it.
    const width = this.plotWidth + (this.narrow ? 0 : TICK_COLUMN_PX);
    const size = [width, LANE_HEIGHT].map((px) => Math.round(px * devicePixelRatio));
    const [across = 0, down = 0] = size;
    // A new size is new memory; the same one is wiped.
    if (canvas.width !== across || canvas.height !== down)
      [canvas.width, canvas.height] = [across, down];
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, across, down);
    g.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    this.#model = undefined;
    this.#owner = new Map();
    if (scope === undefined || this.plotWidth <= 0) return;
    g.font = paint.font;
    const model = this.#layout(scope, (text) => g.measureText(text).width);
    const findings = model.findings.map((glyph) => {
      const finding = this.shown[glyph.index];
      const key = finding === undefined ? undefined : keyOf(finding);
      const token = key?.token ?? 'text3';
      const fill = key?.shape === 'hatch' ? paint.hatch(token) : paint.fill(token);
      return { ...glyph, fill, edge: paint.colour(token) };
    });
    const { selected } = this;
    const timeTicks = this.timeTicks(scope.grid);
    paintEvents(g, { ...model, findings, selected, timeTicks }, paint);
  }

  #layout({ grid, capture }: Scope, measure: Type['measure']): EventLaneModel {
    const f = this.format;
    const axis = {
      range: grid.range,
      left: this.narrow ? 0 : TICK_COLUMN_PX,
      width: this.plotWidth,
    };
    const type: Type = { measure, count: (n) => f.count(n) };
    const sessions = capture.sessions ?? [];
    const names = this.shown.map((finding) => sideOf(finding, f));
    const events = layoutEvents(this.#all, axis, type, ({ event }) => labelOf(event, sessions, f));
    this.#owner = new Map(
      events.glyphs.flatMap((glyph) => glyph.members.map((member) => [member, glyph] as const)),
    );
    this.#model = { axis, findings: layoutFindings(this.shown, axis, type, names), events };
    return this.#model;
  }

  protected override renderLanes(scope: Scope | undefined): TemplateResult {
    const t = words[this.language];
    const { name, unit, label } = { name: t.heading, unit: t.unit, label: t.label };
    return this.renderLane(
      { name, unit, label, size: 'events', place: 'only', readout: this.#renderHere(scope) },
      this.#plotText(scope),
    );
  }

  #plotText(scope: Scope | undefined): string | undefined {
    if (this.#all.length > 0 || this.shown.length > 0) return undefined;
    const usual = this.plotWords(scope);
    if (usual !== undefined) return this.lane ? undefined : usual;
    return words[this.language].nothing;
  }

  #renderHere(scope: Scope | undefined): TemplateResult {
    const [first = '', ...rest] = scope === undefined ? [] : this.#hereWords(scope);
    if (rest.length === 0)
      return html`<p class="here">${first === '' ? nothing : html`<span>${first}</span>`}</p>`;
    return html`<p class="here"><b>${first}</b> ${rest.map((part) => html`<span>${part}</span> `)}</p>`;
  }

  /** What it is, and what is to be said of it; one alone: there is nothing. */
  #hereWords(scope: Scope): string[] {
    const t = words[this.language];
    const f = this.format;
    const { finding, mark } = this.#here();
    const found = finding === undefined ? undefined : this.shown[finding];
    const event = mark === undefined ? undefined : this.#markWords(mark, scope);
    if (found === undefined || finding === undefined) {
      return event === undefined ? [t.nothingHere] : [event.name, event.detail];
    }
    const name = sideOf(found, f);
    const more =
      event === undefined
        ? [spanOf(f, found.fromMs, found.toMs)]
        : [event.name, event.detail].filter((part) => part !== name);
    return [t.finding(f.count(finding + 1), name), ...more];
  }

  /** The finding around the cursor, the shortest of several; the event nearest to it. */
  #here(): Here {
    const atMs = this.cursorAtMs;
    const scope = this.scope;
    if (atMs === undefined || scope === undefined) return { finding: undefined, mark: undefined };
    const around = this.shown
      .map((one, index) => ({ index, lengthMs: one.toMs - one.fromMs, one }))
      .filter(({ one }) => atMs >= one.fromMs && atMs <= one.toMs)
      .sort((a, b) => a.lengthMs - b.lengthMs);
    const own = around.find(({ index }) => index === this.selected) ?? around[0];
    const { fromMs, toMs } = scope.grid.range;
    const nearMs = ((own === undefined ? NEAR_PX : UNDER_PX) / this.plotWidth) * (toMs - fromMs);
    return { finding: own?.index, mark: this.#nearest(atMs, nearMs) };
  }

  /** Of those right under the cursor the most telling, else the nearest. */
  #nearest(atMs: number, withinMs: number): number | undefined {
    const underMs = (withinMs * AT_PX) / NEAR_PX;
    let [best, least] = [-1, withinMs];
    this.#all.forEach((mark, index) => {
      const off = Math.max(underMs, Math.abs(mark.atMs - atMs));
      const isBetter = off < least || (off === least && mark.rank > (this.#all[best]?.rank ?? -1));
      if (isBetter) [best, least] = [index, off];
    });
    return best < 0 ? undefined : best;
  }

  #markWords(index: number, scope: Scope): { readonly name: string; readonly detail: string } {
    const mark = this.#all[index];
    const t = words[this.language];
    const f = this.format;
    if (mark === undefined) return { name: '', detail: '' };
    const own = kindName(mark.kind, f);
    const glyph = this.#owner.get(index);
    const n = glyph?.members.length ?? 1;
    const name =
      n === 1
        ? own
        : glyph?.shape === undefined
          ? t.more(own, f.count(n - 1))
          : t.several(own, f.count(n));
    const detail = detailOf(mark.event, scope.capture.sessions ?? [], f);
    return { name, detail: detail === '' ? fineClock(f, mark.atMs, 2) : detail };
  }

  protected override summary(scope: Scope): string {
    const t = words[this.language];
    const f = this.format;
    const list = new Intl.ListFormat(this.language, { type: 'unit' });
    const found = this.shown.map((finding, i) => this.#findingSpoken(finding, i));
    const n = this.#all.length;
    const kinds = (this.#marks?.kinds ?? []).map(([kind, count]) =>
      t.kindCount(kindName(kind, f), f.count(count)),
    );
    const lost = scope.capture.events_lost ?? 0;
    return [
      t.summary(lengthOf(f, scope.full.toMs)),
      found.length === 0
        ? t.noFindings
        : t.summaryFindings(f.count(found.length), found.length === 1, found.join('; ')),
      n === 0 ? t.noEvents : t.summaryEvents(f.count(n), n === 1, list.format(kinds)),
      ...(lost > 0 ? [t.lost(f.count(lost))] : []),
    ].join(' ');
  }

  #findingSpoken(finding: Finding, index: number): string {
    const f = this.format;
    const [from, to] = [f.clock(finding.fromMs), f.clock(finding.toMs)];
    const number = f.count(index + 1);
    return words[this.language].findingSpoken(number, sideOf(finding, f), from, to);
  }

  protected override speak(scope: Scope): string {
    const t = words[this.language];
    const { finding, mark } = this.#here();
    const found = finding === undefined ? undefined : this.shown[finding];
    const event = mark === undefined ? undefined : this.#markWords(mark, scope);
    const said = [
      ...(found === undefined || finding === undefined
        ? []
        : [this.#findingSpoken(found, finding)]),
      ...(event === undefined ? [] : [`${event.name}, ${event.detail}`]),
    ];
    const at = this.format.clock(this.cursorAtMs);
    return t.spoken(at, said.length === 0 ? t.nothingHere : said.join('; '));
  }

  /** Findings first, then every event of the part shown; a long list comes in pieces. */
  protected override renderTable(scope: Scope): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const { fromMs, toMs } = scope.grid.range;
    const marks = this.#all.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    const listed = marks.slice(0, this.rows);
    const sessions = scope.capture.sessions ?? [];
    const row = (time: string, kind: string, detail: string, session: string): TemplateResult =>
      html`<tr><th scope="row">${time}</th><td>${kind}</td><td class="words">${detail}</td><td>${session}</td></tr>`;
    const sessionText = (id: number | undefined): string =>
      id === undefined ? t.host : String(id);
    return html`<table>
      <caption>${t.caption}</caption>
      <thead><tr><th scope="col">${chartWords[this.language].time}</th><th scope="col">${t.kind}</th
        ><th scope="col">${t.details}</th><th scope="col">${t.session}</th></tr></thead>
      <tbody>${this.#known.map((finding, i) =>
        row(
          spanOf(f, finding.fromMs, finding.toMs),
          t.findingNo(f.count(i + 1)),
          sideOf(finding, f),
          sessionText(finding.sessionId),
        ),
      )}</tbody>
      <tbody>${listed.map(({ atMs, event }) =>
        row(
          fineClock(f, atMs, 3),
          kindName(event.kind, f),
          detailOf(event, sessions, f),
          sessionText(event.session_id),
        ),
      )}</tbody>
    </table>${
      listed.length === marks.length
        ? nothing
        : html`<button class="btn" @click=${this.#onMore}>${t.showMore(f.count(listed.length), f.count(marks.length))}</button>`
    }`;
  }

  /** 1 to 9 choose a finding; comma and full stop, or brackets, go from event to event. */
  protected override key(event: KeyboardEvent): boolean {
    if (event.ctrlKey) return false;
    if (/^[1-9]$/.test(event.key)) return this.#choose(Number(event.key) - 1);
    if (event.key === ',' || event.key === '[') return this.#step(-1);
    if (event.key === '.' || event.key === ']') return this.#step(1);
    return false;
  }

  #step(direction: 1 | -1): boolean {
    const glyphs = this.#model?.events.glyphs ?? [];
    const atMs = this.cursorAtMs ?? this.scope?.grid.range.fromMs ?? 0;
    const times = glyphs.map(({ members }) => this.#all[members[0] ?? -1]?.atMs ?? 0);
    const to =
      direction > 0
        ? times.find((ms) => ms > atMs + 0.01)
        : times.findLast((ms) => ms < atMs - 0.01);
    if (to === undefined) return glyphs.length > 0;
    this.moveTo(to);
    this.say();
    return true;
  }

  /** Chosen again it is let go. */
  #choose(index: number): boolean {
    const finding = this.shown[index];
    const scope = this.scope;
    if (finding === undefined || scope === undefined) return false;
    const { fromMs, toMs } = finding;
    if (isSame(finding, this.brush)) {
      this.brush = undefined;
      this.dispatchEvent(new PfBrush(undefined, true));
      return true;
    }
    this.selected = index;
    this.brush = { fromMs, toMs };
    const shown = scope.grid.range;
    const span = shown.toMs - shown.fromMs;
    // What was chosen is seen.
    if (toMs < shown.fromMs || fromMs > shown.toMs) {
      const off = (fromMs + toMs - shown.fromMs - shown.toMs) / 2;
      this.range = panned(shown, scope.full, off / span);
      this.dispatchEvent(new PfZoom(this.range));
    }
    this.dispatchEvent(new PfBrush(this.brush, true));
    this.dispatchEvent(new PfFinding(index));
    // The readouts of every lane are then of its beginning.
    this.moveTo(fromMs);
    this.spoken = this.#findingSpoken(finding, index);
    return true;
  }

  readonly #onPress = (event: PointerEvent): void => {
    this.#pressedX = event.clientX;
  };

  readonly #onHover = (event: PointerEvent): void => {
    const canvas = this.canvas('events');
    if (event.pointerType !== 'mouse' || canvas === null) return;
    const hit = this.#hit(event, HIT_PX);
    canvas.style.cursor = hit === undefined ? '' : 'pointer';
  };

  /** A press that was dragged is a brush. */
  readonly #onClick = (event: MouseEvent): void => {
    const moved = Math.abs(event.clientX - (this.#pressedX ?? event.clientX));
    if (moved >= CLICK_PX) return;
    const isTouch = event instanceof PointerEvent && event.pointerType === 'touch';
    const hit = this.#hit(event, isTouch ? TOUCH_HIT_PX : HIT_PX);
    if (hit?.finding !== undefined) this.#choose(hit.finding);
    else if (hit?.mark !== undefined) this.moveTo(this.#all[hit.mark]?.atMs);
  };

  /** What lies under the pointer, or nearest to it within so many px of its row. */
  #hit(event: MouseEvent, withinPx: number): Here | undefined {
    const model = this.#model;
    const rect = this.canvas('events')?.getBoundingClientRect();
    if (model === undefined || rect === undefined) return undefined;
    const [x, y] = [event.clientX - rect.left, event.clientY - rect.top];
    if (x < 0 || x > rect.width || y < 0 || y > rect.height) return undefined;
    if (y < ROW_EDGE) {
      const found = nearestTo(x, withinPx, model.findings, ({ bar, box, label }) => [
        bar,
        ...(box === undefined ? [] : [box]),
        ...(label === undefined ? [] : [label.box]),
      ]);
      return found === undefined ? undefined : { finding: found.index, mark: undefined };
    }
    const glyph = nearestTo(x, withinPx, model.events.glyphs, ({ box, label }) =>
      label === undefined ? [box] : [box, label.box],
    );
    return glyph === undefined ? undefined : { finding: undefined, mark: glyph.members[0] };
  }

  readonly #onMore = (): void => {
    this.rows += ROWS_AT_ONCE;
  };
}

function nearestTo<T>(
  x: number,
  withinPx: number,
  list: readonly T[],
  boxes: (one: T) => readonly Box[],
): T | undefined {
  let best: T | undefined;
  let least = withinPx;
  for (const one of list) {
    for (const { from, to } of boxes(one)) {
      const off = Math.max(0, from - x, x - to);
      if (off < least || (off === 0 && least > 0)) [best, least] = [one, off];
    }
  }
  return best;
}

/** A page may cut the same findings out of a longer list every time that it draws. */
function isOther(
  now: readonly Finding[] | undefined,
  old: readonly Finding[] | undefined,
): boolean {
  return now?.length !== old?.length || now?.some((one, i) => one !== old?.[i]) === true;
}

/** An address keeps tenths of ms. */
function isSame(a: Range, b: Range | undefined): boolean {
  return b !== undefined && Math.abs(a.fromMs - b.fromMs) < 0.1 && Math.abs(a.toMs - b.toMs) < 0.1;
}

/** As many as the verdict shows. */
const MOST_OWN = 5;
/** Event nearest to the cursor; within a finding only what is under it. */
const NEAR_PX = 24;
const UNDER_PX = 6;
/** Of each 24 px: a pointer is not more exact. */
const AT_PX = 3;
const HIT_PX = 5;
const TOUCH_HIT_PX = 20;
const CLICK_PX = 3;
/** A table of 10,000 rows would take a second. */
const ROWS_AT_ONCE = 500;

define('pf-event-lanes', PfEventLanes);

declare global {
  interface HTMLElementTagNameMap {
    'pf-event-lanes': PfEventLanes;
  }
}
