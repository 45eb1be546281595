// Where events stand in their row: nothing overlaps and nothing is cut off. Events of a
// kind that lie close become one glyph with their number; others are shoved aside a little; what has no room then is
// counted. Pure: widths of words come in as a function.
import type { Mark, Shape } from './events.ts';
import type { Range } from './grid.ts';

/** From and to, px. */
export interface Box {
  readonly from: number;
  readonly to: number;
}

export interface Axis {
  readonly range: Range;
  readonly left: number;
  readonly width: number;
}

export interface Type {
  /** Width of a text, px. */
  readonly measure: (text: string) => number;
  readonly count: (n: number) => string;
}

export interface Label {
  readonly text: string;
  readonly box: Box;
}

export interface Glyph {
  /** Undefined: several kinds, of which only their number is told. */
  readonly shape: Shape | undefined;
  readonly token: Mark['token'];
  /** Of the marks given, in order of time. */
  readonly members: readonly number[];
  /** Where the first of them is, px; the glyph itself may be shoved aside. */
  readonly x: number;
  readonly box: Box;
  /** `×9` or `+4`; empty for a single one. */
  readonly count: string;
  readonly label: Label | undefined;
}

/** How long something lasted, under its glyph. */
export interface Extent {
  readonly box: Box;
  readonly token: Mark['token'];
}

export interface EventRow {
  readonly glyphs: readonly Glyph[];
  readonly extents: readonly Extent[];
}

interface Item {
  readonly kind: string | undefined;
  readonly members: readonly number[];
  readonly x: number;
  readonly lastX: number;
  readonly rank: number;
  readonly width: number;
}

/** `labels`: what may stand beside a single event; a label without room is left out. */
export function layoutEvents(
  marks: readonly Mark[],
  axis: Axis,
  type: Type,
  labels: (mark: Mark) => string | undefined,
): EventRow {
  if (!(axis.width > 0)) return { glyphs: [], extents: [] };
  const items = thinned(clusters(marks, axis, type), axis, type);
  const placed = place(items, axis, type);
  return { glyphs: withLabels(placed, marks, axis, type, labels), extents: extentsOf(marks, axis) };
}

/** px of a time; not clamped. */
export function xOf(ms: number, { range, left, width }: Axis): number {
  return left + ((ms - range.fromMs) / Math.max(1e-9, range.toMs - range.fromMs)) * width;
}

/**
 * Events of one kind that lie closer than a glyph is wide, with its number once it has one. Groups begin where they
 * begin in the whole recording, not in the part shown, so that panning does not regroup them.
 */
function clusters(marks: readonly Mark[], axis: Axis, type: Type): Item[] {
  const { fromMs, toMs } = axis.range;
  const msPerPx = (toMs - fromMs) / axis.width;
  const open = new Map<string, { readonly fromMs: number; size: number; members: number[] }>();
  const found: number[][] = [];
  marks.forEach(({ kind, atMs }, index) => {
    let group = open.get(kind);
    const reachPx = group === undefined ? 0 : reachOf(group.size, type);
    if (group === undefined || atMs - group.fromMs >= reachPx * msPerPx) {
      group = { fromMs: atMs, size: 0, members: [] };
      open.set(kind, group);
      found.push(group.members);
    }
    group.size += 1;
    if (atMs >= fromMs && atMs <= toMs) group.members.push(index);
  });
  return found
    .filter((members) => members.length > 0)
    .map((members) => itemOf(members, marks, axis, type))
    .sort((a, b) => a.x - b.x);
}

/** A number takes the place of what would stand there; digits are as wide as each other. */
function reachOf(size: number, type: Type): number {
  if (size < 2) return MERGE_PX;
  const digits = 10 ** Math.floor(Math.log10(size));
  return widthOf(KIND, Math.max(2, digits), type) + GLYPH_GAP_PX;
}

/** With its number, where there is more than one; several kinds are a number alone. */
function widthOf(kind: string | undefined, n: number, type: Type): number {
  if (kind === undefined) return type.measure(`+${type.count(n)}`) + 2 * CHIP_PAD_PX;
  return GLYPH_PX + (n > 1 ? COUNT_GAP_PX + type.measure(`×${type.count(n)}`) : 0);
}

function itemOf(members: readonly number[], marks: readonly Mark[], axis: Axis, type: Type): Item {
  const first = marks[members[0] ?? 0];
  const last = marks[members.at(-1) ?? 0];
  return {
    kind: first?.kind,
    members,
    x: xOf(first?.atMs ?? 0, axis),
    lastX: xOf(last?.atMs ?? 0, axis),
    rank: first?.rank ?? 0,
    width: widthOf(first?.kind ?? '', members.length, type),
  };
}

/** Neighbours as one: of a kind they keep their shape, else they are only counted. */
function joined(items: readonly Item[], type: Type): Item {
  const members = items.flatMap((one) => one.members).sort((a, b) => a - b);
  const [first = EMPTY] = items;
  const kind = items.every((one) => one.kind === first.kind) ? first.kind : undefined;
  return {
    ...{ kind, members, width: widthOf(kind, members.length, type) },
    x: Math.min(...items.map((one) => one.x)),
    lastX: Math.max(...items.map((one) => one.lastX)),
    rank: Math.max(...items.map((one) => one.rank)),
  };
}

/** Where very many kinds crowd, all but the most important of a place are counted at once: placing stays fast. */
function thinned(items: readonly Item[], axis: Axis, type: Type): Item[] {
  if (items.length <= axis.width / 10) return [...items];
  const cells = new Map<number, Item[]>();
  for (const item of items) {
    const cell = Math.floor((item.x - axis.left) / CELL_PX);
    const held = cells.get(cell);
    if (held === undefined) cells.set(cell, [item]);
    else held.push(item);
  }
  const kept = [...cells.values()].flatMap((cell) => {
    if (cell.length <= CELL_ITEMS + 1) return cell;
    const byRank = [...cell].sort((a, b) => b.rank - a.rank || a.x - b.x);
    return [...byRank.slice(0, CELL_ITEMS), joined(byRank.slice(CELL_ITEMS), type)];
  });
  return kept.sort((a, b) => a.x - b.x);
}

interface Placed {
  readonly item: Item;
  readonly left: number;
}

/** Items that stand side by side without a gap. */
interface Crowd {
  readonly items: readonly Item[];
  readonly left: number;
  readonly width: number;
}

/** Side by side in order of time; as long as one is shoved too far, the two least important of its crowd become one. */
function place(given: readonly Item[], axis: Axis, type: Type): Placed[] {
  let items = given;
  for (;;) {
    const crowds = crowdsOf(items, axis);
    if (crowds.every((crowd) => standsWell(crowd, axis))) return crowds.flatMap(placedIn);
    items = crowds.flatMap((crowd) =>
      standsWell(crowd, axis) ? crowd.items : withOneLess(crowd.items, type),
    );
  }
}

/** Everybody as near to where it should be as the others let it: crowds that would overlap become one. */
function crowdsOf(items: readonly Item[], axis: Axis): Crowd[] {
  const crowds: Crowd[] = [];
  for (const item of items) {
    let crowd = crowdOf([item], axis);
    for (let last = crowds.at(-1); last !== undefined; last = crowds.at(-1)) {
      if (last.left + last.width + GLYPH_GAP_PX <= crowd.left) break;
      crowds.pop();
      crowd = crowdOf([...last.items, ...crowd.items], axis);
    }
    crowds.push(crowd);
  }
  return crowds;
}

/** In the middle of where its items should be, within the plot. */
function crowdOf(items: readonly Item[], axis: Axis): Crowd {
  let [off, sum] = [0, 0];
  for (const item of items) {
    sum += wantedLeft(item, axis) - off;
    off += item.width + GLYPH_GAP_PX;
  }
  const width = off - GLYPH_GAP_PX;
  const most = axis.left + axis.width - width;
  return { items, width, left: Math.max(axis.left, Math.min(most, sum / items.length)) };
}

function wantedLeft({ x, width }: Item, axis: Axis): number {
  const right = axis.left + axis.width;
  return Math.max(axis.left, Math.min(right - width, x - GLYPH_PX / 2));
}

function placedIn({ items, left }: Crowd): Placed[] {
  let at = left;
  return items.map((item) => {
    const placed = { item, left: at };
    at += item.width + GLYPH_GAP_PX;
    return placed;
  });
}

function standsWell(crowd: Crowd, axis: Axis): boolean {
  if (crowd.items.length === 1) return true;
  if (crowd.left + crowd.width > axis.left + axis.width + 1e-6) return false;
  return placedIn(crowd).every(({ item, left }) => {
    const wanted = wantedLeft(item, axis);
    // Several may stand anywhere over the time that they span.
    const furthest = wanted + SHOVE_PX + (item.lastX - item.x);
    return left >= wanted - SHOVE_PX - 1e-6 && left <= furthest + 1e-6;
  });
}

function withOneLess(items: readonly Item[], type: Type): Item[] {
  const at = leastPair(items);
  return [...items.slice(0, at), joined(items.slice(at, at + 2), type), ...items.slice(at + 2)];
}

/**
 * The neighbours whose loss tells least, the nearer the rather: of one kind nothing is lost but their places. Of equal
 * ones the smallest, so that no group swallows the others.
 */
function leastPair(items: readonly Item[]): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let i = 0; i + 1 < items.length; i += 1) {
    const [a = EMPTY, b = EMPTY] = [items[i], items[i + 1]];
    const isOneKind = a.kind !== undefined && a.kind === b.kind;
    const size = a.members.length + b.members.length;
    const apart = Math.max(0, b.x - a.lastX) / SHOVE_PX;
    const cost = Math.max(a.rank, b.rank) - (isOneKind ? 0.5 : 0) + apart + size / (size + 1) / 4;
    if (cost < least) [best, least] = [i, cost];
  }
  return best;
}

function withLabels(
  placed: readonly Placed[],
  marks: readonly Mark[],
  axis: Axis,
  type: Type,
  labels: (mark: Mark) => string | undefined,
): Glyph[] {
  const boxes = placed.map(({ item, left }) => ({ from: left, to: left + item.width }));
  const taken: Box[] = [...boxes];
  const found = new Map<number, Label>();
  const byRank = placed
    .map((_, i) => i)
    .sort((a, b) => rankOf(placed[b]) - rankOf(placed[a]) || a - b);
  for (const i of byRank) {
    const { members = [] } = placed[i]?.item ?? {};
    const mark = members.length === 1 ? marks[members[0] ?? -1] : undefined;
    const text = mark === undefined ? undefined : labels(mark);
    const own = boxes[i];
    if (text === undefined || text === '' || own === undefined) continue;
    const around = [own, ...reachesOver(i, boxes, mark?.shape)];
    const label = around.map((box) => beside(text, box, taken, axis, type)).find((one) => one);
    if (label === undefined) continue;
    found.set(i, label);
    taken.push(label.box);
  }
  return placed.map(({ item }, i): Glyph => {
    const first = marks[item.members[0] ?? -1];
    const n = item.members.length;
    const isMixed = item.kind === undefined;
    // Of several steps the last tells where they led.
    const last = marks[item.members.at(-1) ?? -1];
    return {
      shape: isMixed ? undefined : last?.shape,
      token: isMixed ? 'text2' : (first?.token ?? 'text2'),
      members: item.members,
      x: item.x,
      box: boxes[i] ?? { from: 0, to: 0 },
      count: isMixed ? `+${type.count(n)}` : n > 1 ? `×${type.count(n)}` : '',
      label: found.get(i),
    };
  });
}

/** Who joined or left is said by the words alone: they may stand beyond what stands right beside the bracket. */
function reachesOver(i: number, boxes: readonly Box[], shape: Mark['shape'] | undefined): Box[] {
  const step = shape === 'join' ? 1 : shape === 'leave' ? -1 : 0;
  const found: Box[] = [];
  let around = boxes[i];
  for (let n = 1; step !== 0 && n <= MOST_BETWEEN; n += 1) {
    const next = boxes[i + n * step];
    if (around === undefined || next === undefined) break;
    const gap = Math.max(next.from - around.to, around.from - next.to);
    if (gap > TOUCH_PX) break;
    around = { from: Math.min(around.from, next.from), to: Math.max(around.to, next.to) };
    found.push(around);
  }
  return found;
}

const rankOf = (one: Placed | undefined): number => one?.item.rank ?? 0;

/** A text right of a box, else left of it; undefined where it would touch something or leave the plot. */
export function beside(
  text: string,
  own: Box,
  taken: readonly Box[],
  axis: Axis,
  type: Type,
): Label | undefined {
  const width = type.measure(text);
  const boxes = [
    { from: own.to + LABEL_GAP_PX, to: own.to + LABEL_GAP_PX + width },
    { from: own.from - LABEL_GAP_PX - width, to: own.from - LABEL_GAP_PX },
  ];
  // Its own box, and what that reaches over, are no obstacles.
  const others = taken.filter(({ from, to }) => from < own.from || to > own.to);
  const box = boxes.find((one) => isFree(one, others, axis, TOUCH_PX));
  return box === undefined ? undefined : { text, box };
}

export function isFree(box: Box, taken: readonly Box[], axis: Axis, gapPx: number): boolean {
  if (box.from < axis.left || box.to > axis.left + axis.width) return false;
  return taken.every(({ from, to }) => box.to + gapPx <= from || box.from - gapPx >= to);
}

function extentsOf(marks: readonly Mark[], axis: Axis): Extent[] {
  const right = axis.left + axis.width;
  const found: { box: { from: number; to: number }; token: Mark['token'] }[] = [];
  for (const { span, token } of marks) {
    if (span === undefined || span.toMs < axis.range.fromMs || span.fromMs > axis.range.toMs) {
      continue;
    }
    const from = Math.max(axis.left, Math.min(right - EXTENT_PX, xOf(span.fromMs, axis)));
    const to = Math.min(right, Math.max(from + EXTENT_PX, xOf(span.toMs, axis)));
    const last = found.at(-1);
    // Less than a pixel apart they are one.
    if (
      last !== undefined &&
      last.token === token &&
      from - last.box.to < 1 &&
      from >= last.box.from
    )
      last.box.to = Math.max(last.box.to, to);
    else found.push({ box: { from, to }, token });
  }
  return found;
}

/** Any: every kind's glyph is as wide. */
const KIND = '';
const EMPTY: Item = { kind: undefined, members: [], x: 0, lastX: 0, rank: 0, width: 0 };

/** The design's distances: closer than this one kind is one glyph, further than that nothing is shoved. */
export const MERGE_PX = 14;
export const SHOVE_PX = 24;
export const GLYPH_PX = 12;
/** Between two glyphs. */
export const GLYPH_GAP_PX = 3;
/** Between a label and anything but its own glyph. */
export const TOUCH_PX = 6;
const COUNT_GAP_PX = 1;
const CHIP_PAD_PX = 3;
const LABEL_GAP_PX = 4;
/** No extent is narrower: a burst in hours stays visible. */
const EXTENT_PX = 2;
/** Glyphs between a bracket and its words. */
const MOST_BETWEEN = 2;
const CELL_PX = 48;
const CELL_ITEMS = 3;
