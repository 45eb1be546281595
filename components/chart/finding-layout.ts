// Where findings stand in their row: bars where they were, numbers as near to them as there is room, names where they touch
// nothing. Pure, as event-layout.ts is.
import { type Axis, type Box, beside, isFree, type Label, type Type, xOf } from './event-layout.ts';
import type { Range } from './grid.ts';

export interface FindingGlyph {
  /** Of the findings given. */
  readonly index: number;
  readonly bar: Box;
  /** Bars that overlap share the height. */
  readonly lane: number;
  readonly lanes: number;
  /** Its number; undefined where there was no room near its bar. */
  readonly box: Box | undefined;
  readonly label: Label | undefined;
}

/** `findings` in the order shown: the first has the first choice of places. */
export function layoutFindings(
  findings: readonly Range[],
  axis: Axis,
  type: Type,
  labels: readonly string[],
): FindingGlyph[] {
  if (!(axis.width > 0)) return [];
  const { fromMs, toMs } = axis.range;
  const right = axis.left + axis.width;
  const bars = findings.flatMap((one, index) => {
    if (!(one.toMs >= fromMs && one.fromMs <= toMs)) return [];
    const from = Math.max(axis.left, Math.min(right - BAR_PX, xOf(one.fromMs, axis)));
    return [
      { index, bar: { from, to: Math.min(right, Math.max(from + BAR_PX, xOf(one.toMs, axis))) } },
    ];
  });
  const lanes = lanesOf(bars.map(({ bar }) => bar));
  const taken: Box[] = bars.map(({ bar }) => bar);
  const boxes = bars.map(({ index, bar }) => {
    const box = numberBox(bar, taken, axis, type.measure(String(index + 1)));
    if (box !== undefined) taken.push(box);
    return box;
  });
  return bars.map(({ index, bar }, i) => {
    const box = boxes[i];
    const label = besideFinding(labels[index] ?? '', bar, box, taken, axis, type);
    if (label !== undefined) taken.push(label.box);
    return { index, bar, box, label, ...(lanes[i] ?? { lane: 0, lanes: 1 }) };
  });
}

/** Left of its bar, else right of it, else on it, else as near as there is room. */
function numberBox(bar: Box, taken: readonly Box[], axis: Axis, textPx: number): Box | undefined {
  const width = Math.max(NUMBER_PX, Math.ceil(textPx) + 8);
  const at = (from: number): Box => ({ from, to: from + width });
  const near = [at(bar.from - BAR_GAP_PX - width), at(bar.to + BAR_GAP_PX)];
  const free = near.find((box) => isFree(box, taken, axis, BOX_GAP_PX));
  if (free !== undefined) return free;
  const others = taken.filter((one) => one !== bar);
  for (let from = bar.from; from + width <= bar.to; from += 4) {
    if (isFree(at(from), others, axis, BOX_GAP_PX)) return at(from);
  }
  for (let off = 2; off <= FAR_PX; off += 2) {
    const around = [at(bar.from - BAR_GAP_PX - width - off), at(bar.to + BAR_GAP_PX + off)];
    const found = around.find((box) => isFree(box, taken, axis, BOX_GAP_PX));
    if (found !== undefined) return found;
  }
  return undefined;
}

function besideFinding(
  text: string,
  bar: Box,
  box: Box | undefined,
  taken: readonly Box[],
  axis: Axis,
  type: Type,
): Label | undefined {
  if (text === '' || box === undefined) return undefined;
  // Where the number stands away from its bar, a word between them could belong to either.
  const isAway = box.to < bar.from - BAR_GAP_PX - 1 || box.from > bar.to + BAR_GAP_PX + 1;
  if (isAway) return undefined;
  const own = { from: Math.min(bar.from, box.from), to: Math.max(bar.to, box.to) };
  return beside(text, own, taken, axis, type);
}

/** Bars that overlap lie above each other; every bar of such a group is as high as the others. */
function lanesOf(bars: readonly Box[]): { readonly lane: number; readonly lanes: number }[] {
  const order = bars.map((_, i) => i).sort((a, b) => (bars[a]?.from ?? 0) - (bars[b]?.from ?? 0));
  const lane = bars.map(() => 0);
  const lanes = bars.map(() => 1);
  let group: number[] = [];
  let ends: number[] = [];
  const close = (): void => {
    for (const i of group) lanes[i] = ends.length;
    [group, ends] = [[], []];
  };
  for (const i of order) {
    const bar = bars[i];
    if (bar === undefined) continue;
    if (ends.every((end) => end <= bar.from)) close();
    const free = ends.findIndex((end) => end <= bar.from);
    const own = free < 0 ? ends.length : free;
    ends[own] = bar.to;
    lane[i] = own;
    group.push(i);
  }
  close();
  return bars.map((_, i) => ({ lane: lane[i] ?? 0, lanes: lanes[i] ?? 1 }));
}

/** No bar is narrower: one bad frame in hours stays visible. */
const BAR_PX = 3;
const NUMBER_PX = 18;
const BAR_GAP_PX = 3;
const BOX_GAP_PX = 2;
/** A number further from its bar would be taken for another's. */
const FAR_PX = 32;
