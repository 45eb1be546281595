// What a capture says so far, in sentences: provisional, of counts and the slowest frame, which are exact.
import type { Capture } from '../../contract/stats.ts';
import type { Finding, Findings } from '../../recording/src/review/findings.ts';
import { type FindingText, findingText, isStutter, sideOf } from '../base/finding-words.ts';
import type { Format } from '../base/format.ts';
import { lengthOf } from '../base/format-dates.ts';
import { mostlyOf, spanOf } from '../base/format-shares.ts';
import { stageNames } from '../base/strings.ts';
import type { SessionSoFar } from './so-far.ts';
import { words } from './strings.ts';

/** The answer first, then what it rests on. */
export function sentencesOf(
  capture: Capture,
  session: SessionSoFar | undefined,
  found: Findings | undefined,
  f: Format,
): readonly string[] {
  const t = words[f.language];
  if (session === undefined || session.samples.length === 0) return [t.waiting];
  const rest = [evidenceOf(session, f), ...caveatsOf(capture, session, f)];
  return [answerOf(session, found, f), ...rest.filter((one) => one !== '')];
}

function answerOf(session: SessionSoFar, found: Findings | undefined, f: Format): string {
  const t = words[f.language];
  const { sums, budgetMs } = session;
  const stutters = found?.findings.filter(isStutter) ?? [];
  const [worst] = stutters;
  if (worst !== undefined) {
    const where = t.worstSide(sideOf(worst, f), spanOf(f, worst.fromMs, worst.toMs));
    return t.stuttered(stutters.length, f.count(stutters.length)) + where;
  }
  const budget = f.unit(f.ms(budgetMs), 'ms');
  if (!Number.isFinite(budgetMs)) return t.noBudget;
  if (sums.total === undefined) return t.noTotals;
  if (sums.late !== undefined) {
    return t.clean(mostlyOf(f, 1 - sums.late / Math.max(1, sums.judged)), budget);
  }
  const of = f.count(sums.windows);
  return sums.windowsOver === 0
    ? t.windowsWithin(of, budget)
    : t.windowsOver(f.count(sums.windowsOver), of, budget);
}

function evidenceOf({ sums }: SessionSoFar, f: Format): string {
  const t = words[f.language];
  const { late, judged, slowest } = sums;
  const said: string[] = [];
  if (late !== undefined) said.push(t.lateFrames(f.count(late), f.count(judged)));
  if (slowest !== undefined) {
    said.push(t.slowest(f.unit(f.ms(slowest.ms), 'ms'), f.clock(slowest.atMs)));
    if (slowest.part !== undefined) said.push(t.slowestIn(stageNames[f.language][slowest.part]));
  }
  return said.join(' ');
}

function caveatsOf(capture: Capture, session: SessionSoFar, f: Format): readonly string[] {
  const t = words[f.language];
  const { truncated, records_lost = 0, events_lost = 0 } = capture;
  return [
    ...(truncated === true ? [t.truncated] : []),
    ...(records_lost > 0 ? [t.recordsLost(f.count(records_lost))] : []),
    ...(events_lost > 0 ? [t.eventsLost(f.count(events_lost))] : []),
    ...(session.gaps > 0 ? [t.gaps(f.count(session.gaps), session.gaps === 1)] : []),
  ];
}

/** As of a finished recording, but for late frames: windows know of the slowest alone what it was slow in. */
export function liveFindingText(finding: Finding, f: Format, found: Findings): FindingText {
  const said = findingText(finding, f, found);
  if (finding.kind !== 'slow') return said;
  const t = words[f.language];
  const { part, late, worstUs, fromMs, toMs } = finding;
  const worst = f.unit(f.ms(worstUs / 1000), 'ms');
  const stage = part === undefined ? undefined : stageNames[f.language][part];
  return {
    ...said,
    strong: t.lateStrong(f.count(late), late === 1),
    rest: t.lateRest(lengthOf(f, Math.max(1000, toMs - fromMs)), worst, stage),
    sight: t.lateSight,
    figures: [
      [f.count(late), t.lateFigure(late === 1)],
      [worst, t.worst],
    ],
  };
}
