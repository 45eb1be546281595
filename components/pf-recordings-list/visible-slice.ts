// Which rows of a long list stand in the window that it is seen through, and how much room the others take above and
// below it. Pure: heights come in, none is measured here.

export interface Slice {
  /** Of items; `last` is behind the last. */
  readonly first: number;
  readonly last: number;
  /** Of what is left out, px. */
  readonly before: number;
  readonly after: number;
}

export interface Seen {
  /** Of every item, px. */
  readonly heights: ArrayLike<number>;
  /** Items side by side; a line is as high as its highest. */
  readonly columns: number;
  /** What is scrolled away above, and how much is seen, px. */
  readonly top: number;
  readonly height: number;
  /** Kept beyond both edges, so that a short scroll finds it there, px. */
  readonly spare: number;
}

export function sliceOf(seen: Seen): Slice {
  const count = seen.heights.length;
  const [from, to] = [seen.top - seen.spare, seen.top + seen.height + seen.spare];
  let [at, first, last, before, after] = [0, count, 0, 0, 0];
  for (let item = 0; item < count; item += seen.columns) {
    const next = Math.min(count, item + seen.columns);
    const high = lineHeight(seen.heights, item, next);
    if (at + high <= from) before += high;
    else if (at >= to) after += high;
    else {
      first = Math.min(first, item);
      last = next;
    }
    at += high;
  }
  return first >= last ? endOf(seen, at) : { first, last, before, after };
}

/** Where an item's line begins and ends, px from the top of the list. */
export function placeOf(
  item: number,
  { heights, columns }: Pick<Seen, 'heights' | 'columns'>,
): readonly [top: number, bottom: number] {
  let top = 0;
  for (let line = 0; line < heights.length; line += columns) {
    const next = Math.min(heights.length, line + columns);
    const high = lineHeight(heights, line, next);
    if (item < next) return [top, top + high];
    top += high;
  }
  return [top, top];
}

/** Scrolled beyond the end, as after a search that left little: the last line is seen. */
function endOf({ heights, columns }: Seen, whole: number): Slice {
  const count = heights.length;
  const first = Math.max(0, Math.ceil(count / columns) - 1) * columns;
  return { first, last: count, before: whole - lineHeight(heights, first, count), after: 0 };
}

function lineHeight(heights: ArrayLike<number>, from: number, to: number): number {
  let high = 0;
  for (let item = from; item < to; item += 1) high = Math.max(high, heights[item] ?? 0);
  return high;
}
