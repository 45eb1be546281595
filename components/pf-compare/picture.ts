// What stands in the lanes of a comparison besides its lines: ticks, budgets, marks of what leaves at the top, the largest
// of each row. Words by language; draws nothing.
import type { Format } from '../base/format.ts';
import type { Range } from '../chart/grid.ts';
import { overflows } from '../chart/latency.ts';
import { type Part, peakOf, scaleFor, type WorstScale, worstScaleFor } from './columns.ts';
import type { DrawnRun, Lines, RowText } from './draw.ts';
import { words } from './strings.ts';
import { budgetLines } from './telling.ts';

export function linesOf(
  runs: readonly DrawnRun[],
  range: Range,
  part: Part,
  format: Format,
): Lines {
  const columns = runs.flatMap((run) => run.columns ?? []);
  const budgets = runs.map(({ budgetMs }) => budgetMs);
  const scale = scaleFor(columns, budgets, part);
  const apartMs = (range.toMs - range.fromMs) / 12;
  const marks = runs.flatMap(({ columns: own, look, offsetMs }) => {
    if (own === undefined) return [];
    const points = Array.from(own.ms, (y, i) => {
      const middle = ((own.fromMs[i] ?? 0) + (own.toMs[i] ?? 0)) / 2;
      return { x: middle + offsetMs, y };
    });
    return overflows(points, scale.max, apartMs).map(({ x, value }) => ({
      ...{ x, value },
      text: `${look.letter} ${format.unit(format.ms(value), 'ms')}`,
    }));
  });
  // Where several leave close together the largest is named: each of them is in the row of its own run.
  const named: typeof marks = [];
  for (const mark of marks.toSorted((a, b) => b.value - a.value)) {
    if (named.every(({ x }) => Math.abs(x - mark.x) >= apartMs)) named.push(mark);
  }
  const isFine = scale.max < 3;
  return {
    ...{ scale, marks: named.sort((a, b) => a.x - b.x) },
    ticks: scale.ticks.map((value) => ({
      value,
      text: isFine && value !== 0 ? format.ms(value) : format.count(value),
    })),
    // A stage has no budget of its own.
    budgets: part === 'total' ? budgetLines(budgets, format) : [],
  };
}

/** `windowsOnly`: of these no single frame is known; older ones tell nothing of their worst. */
export function worstOf(
  runs: readonly DrawnRun[],
  windowsOnly: readonly boolean[],
  format: Format,
): { readonly scale: WorstScale; readonly texts: readonly RowText[] } {
  const scale = worstScaleFor(
    runs.flatMap(({ columns }) => columns ?? []),
    runs.map(({ budgetMs }) => budgetMs),
  );
  const texts = runs.map(({ columns, offsetMs, budgetMs = 1 }, i): RowText => {
    const isTold = columns?.worstMs.some((ms) => !Number.isNaN(ms)) ?? false;
    if (windowsOnly[i] === true && !isTold) return { words: words[format.language].onlyWindows };
    const peak = columns === undefined ? undefined : peakOf(columns);
    if (peak === undefined || peak.ms <= budgetMs) return {};
    const text = format.unit(format.ms(peak.ms), 'ms');
    return { peak: { atMs: peak.atMs + offsetMs, text } };
  });
  return { scale, texts };
}
