// Cursor, badge, range and handles over the plots, placed through CSSOM: a strict policy forbids style attributes.
import type { Range } from '../chart/grid.ts';

export interface OverPlots {
  readonly shown: Range;
  /** Of the plot, px; 0 before it has a size. */
  readonly width: number;
  /** Where the plot begins: beside its ticks. */
  readonly left: number;
  readonly cursorMs: number | undefined;
  readonly brush: Range | undefined;
  /** Where each run begins on the axis. */
  readonly startsMs: readonly number[];
}

export function placeOver(root: ParentNode, over: OverPlots): void {
  const { shown, width, left, cursorMs, brush, startsMs } = over;
  const { fromMs, toMs } = shown;
  const x = (ms: number): number => left + ((ms - fromMs) / (toMs - fromMs)) * width;
  const inside = (ms: number): number => Math.min(left + width, Math.max(left, x(ms)));
  const all = (selector: string) => root.querySelectorAll<HTMLElement>(selector);
  const move = (el: HTMLElement, px: number): void => {
    el.style.transform = `translateX(${px.toFixed(1)}px)`;
  };
  const isSeen = cursorMs !== undefined && cursorMs >= fromMs && cursorMs <= toMs && width > 0;
  for (const cursor of all('.cursor')) {
    cursor.hidden = !isSeen;
    move(cursor, inside(cursorMs ?? 0));
  }
  for (const badge of all('.badge')) {
    badge.hidden = !isSeen;
    const own = badge.offsetWidth;
    move(badge, Math.max(left, Math.min(left + width - own, inside(cursorMs ?? 0) - own / 2)));
  }
  const isChosen = brush !== undefined && brush.toMs > fromMs && brush.fromMs < toMs && width > 0;
  const [from, to] = [inside(brush?.fromMs ?? 0), inside(brush?.toMs ?? 0)];
  for (const box of all('.brush')) {
    box.hidden = !isChosen;
    move(box, from);
    box.style.width = `${Math.max(1, to - from).toFixed(1)}px`;
  }
  for (const grip of all('.grip')) {
    const start = inside(startsMs[Number(grip.dataset['run'])] ?? 0);
    move(grip, Math.max(0, Math.min(left + width - grip.offsetWidth, start)));
  }
}
