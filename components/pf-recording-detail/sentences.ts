// What windows alone say about a run, in sentences: for recordings without frames. And what must be said of a recording
// whatever else is known.
import type { Format } from '../base/format.ts';
import type { Language } from '../base/i18n.ts';
import { counterNames, stageNames } from '../base/strings.ts';
import type { Verdict } from '../chart/verdict.ts';
import { losses, words } from './strings.ts';

/** The answer first, then what it rests on. */
export function windowSentences(verdict: Verdict, format: Format): string[] {
  return [judgement(verdict, format), ...evidence(verdict, format)];
}

/** What is missing, and what this version does not understand. */
export function caveats(verdict: Verdict, f: Format): string[] {
  const t = words[f.language];
  const out: string[] = [];
  if (verdict.newerVersion !== undefined) out.push(t.newer(f.count(verdict.newerVersion)));
  if (verdict.truncated) out.push(t.truncated);
  if (verdict.recordsLost > 0) out.push(t.recordsLost(f.count(verdict.recordsLost)));
  if (verdict.unknown.length > 0 && verdict.latency.windows > 0) {
    const names = verdict.unknown.map((c) => inSentence(counterNames[f.language][c], f.language));
    out.push(t.unknown(new Intl.ListFormat(f.language, { type: 'conjunction' }).format(names)));
  }
  return out;
}

function judgement({ budgetMs, latency }: Verdict, f: Format): string {
  const t = words[f.language];
  if (latency.judged === 0) return t.noTotals;
  if (budgetMs === undefined) return t.noBudget;
  const budget = f.unit(f.ms(budgetMs), 'ms');
  const of = f.count(latency.judged);
  if (latency.overBudget === 0) return t.allWithin(of, budget);
  return t.someOver(f.count(latency.overBudget), of, budget);
}

function evidence(verdict: Verdict, f: Format): string[] {
  const t = words[f.language];
  const { worst, gaps } = verdict.latency;
  const peak = worst?.slowest;
  const first: string[] = [];
  if (worst !== undefined) first.push(t.worst(f.unit(f.ms(worst.ms), 'ms'), f.clock(worst.atMs)));
  if (peak !== undefined) {
    const name = inSentence(stageNames[f.language][peak.stage], f.language);
    first.push(t.slowest(name, f.unit(f.ms(peak.ms), 'ms')));
  }
  const second: string[] = [];
  if (verdict.repeatWindows > 0) {
    second.push(t.repeats(f.count(verdict.repeatWindows), verdict.repeatWindows === 1));
  }
  for (const { counter, total } of verdict.losses) {
    second.push(losses[f.language][counter](f.count(total), total === 1));
  }
  if (gaps > 0) second.push(t.gaps(f.count(gaps), gaps === 1));
  return [first.join(' '), second.join(' ')].filter((x) => x !== '');
}

/** German nouns keep their capital and so does an abbreviation; an English name inside a sentence does not. */
function inSentence(name: string, language: Language): string {
  return language === 'de' || /^[A-Z]{2}/.test(name) ? name : name.toLowerCase();
}
