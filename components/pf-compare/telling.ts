// What a comparison says in sentences: how its runs were made differently, whose budget a line is, times of its axis.
import { codecName, type Format, kindName, mode } from '../base/format.ts';
import { fineClock } from '../base/format-dates.ts';
import { stageNames } from '../base/strings.ts';
import type { Part } from './columns.ts';
import { differing, isAlike, type RunFigures, type TraitName, type Traits } from './differences.ts';
import { letterOf } from './look.ts';
import { traitNames, words } from './strings.ts';

/** One run as far as it is known; its place says its letter. */
type Known = Traits | undefined;

/** "What was different: encoder (A openh264, B vaapi)."; empty while fewer than two are known. */
export function differenceText(runs: readonly Known[], format: Format): string {
  const t = words[format.language];
  const known = runs.filter((run) => run !== undefined);
  if (known.length < 2) return '';
  const names = differing(known);
  if (names.length === 0) return t.alike;
  const told = names.map((name) => {
    const whose = new Map<string, string[]>();
    for (const [i, run] of runs.entries()) {
      if (run === undefined) continue;
      const text = traitText(run, name, format);
      whose.set(text, [...(whose.get(text) ?? []), letterOf(i)]);
    }
    const values = [...whose].map(([text, letters]) => `${letters.join(' ')} ${text}`);
    return `${traitNames[format.language][name]} (${values.join(', ')})`;
  });
  return t.differs(told.join('; '));
}

function traitText(run: Traits, name: TraitName, format: Format): string {
  const value = run[name];
  if (value === undefined) return words[format.language].unknown;
  switch (name) {
    case 'bitrateKbps':
      return format.unit(format.tenth(Number(value) / 1000), 'Mb/s');
    case 'mode': {
      const [width = 0, height = 0, fps = 0] = String(value).split(/[x@]/).map(Number);
      return mode(format, width, height, fps);
    }
    case 'path':
      return value === 'native' || value === 'gamestream' ? kindName(value) : String(value);
    case 'codec':
      return value === 'h264' || value === 'hevc' || value === 'av1'
        ? codecName(value)
        : String(value);
    default:
      return String(value);
  }
}

/** Which quantiles of whom differ no more from the base than the runs do from themselves; empty when none. */
export function alikeText(
  figures: readonly (RunFigures | undefined)[],
  base: number,
  format: Format,
): string {
  const own = figures[base];
  if (own === undefined) return '';
  const told = (['p50', 'p99'] as const).flatMap((name) => {
    const letters = figures.flatMap((other, run) =>
      run !== base && other !== undefined && isAlike(name, own, other) ? letterOf(run) : [],
    );
    return letters.length === 0 ? [] : `${name} (${letters.join(' ')})`;
  });
  return told.length === 0 ? '' : words[format.language].inSpread(told.join(', '));
}

/** One line a budget; whose it is where there are several. */
export function budgetLines(
  budgetsMs: readonly (number | undefined)[],
  format: Format,
): { readonly ms: number; readonly text: string }[] {
  const t = words[format.language];
  const letters = new Map<number, string>();
  for (const [run, ms] of budgetsMs.entries()) {
    if (ms !== undefined) letters.set(ms, `${letters.get(ms) ?? ''}${letterOf(run)}`);
  }
  return [...letters].map(([ms, whose]) => {
    const text = format.unit(format.ms(ms), 'ms');
    return { ms, text: letters.size === 1 ? t.budget(text) : t.budgetOf(whose, text) };
  });
}

export function partName(part: Part, format: Format): string {
  return part === 'total' ? words[format.language].total : stageNames[format.language][part];
}

/** The same with hundredths of the second. */
export function axisFineClock(ms: number, format: Format): string {
  return ms < 0 ? `−${fineClock(format, -ms, 2)}` : fineClock(format, ms, 2);
}

/** Before the first one began, times are below zero. */
export function axisClock(ms: number | undefined, format: Format): string {
  if (ms === undefined || !(ms < 0)) return format.clock(ms);
  return `−${format.clock(Math.ceil(-ms / 1000) * 1000)}`;
}
