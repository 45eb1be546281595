// What a finding says in words: which side, what happened with its figures, how certain that is and where sight ends.
// Only figures of the finding itself; no cause that records and events do not show.
import type { Finding, Findings } from '../../recording/src/review/findings.ts';
import type { PartName } from '../../recording/src/review/frame-table.ts';
import type { Format } from './format.ts';
import { lengthOf } from './format-dates.ts';
import { mostlyOf, percentOf, spanOf } from './format-shares.ts';
import { dictionary } from './i18n.ts';
import { stageNames } from './strings.ts';
import type { Key } from './swatch.ts';

export interface FindingText {
  readonly key: Key;
  readonly side: string;
  /** 09:42–10:18 */
  readonly span: string;
  /** The first words carry the weight. */
  readonly strong: string;
  readonly rest: string;
  /** How certain, and what this recording cannot say. */
  readonly sight: string;
  /** Two at most, each with what it counts. */
  readonly figures: readonly (readonly [value: string, what: string])[];
}

/** One finding in the language of `format`. */
export function findingText(finding: Finding, format: Format, findings: Findings): FindingText {
  const t = words[format.language];
  const base = {
    key: keyOf(finding),
    side: sideOf(finding, format),
    span: spanOf(format, finding.fromMs, finding.toMs),
  };
  const late = [format.count(finding.late), t.lateFrames(finding.late === 1)] as const;
  const length = lengthOf(format, Math.max(1000, finding.toMs - finding.fromMs));
  const ms = (us: number | undefined): string =>
    format.unit(format.ms(us === undefined ? undefined : us / 1000), 'ms');
  switch (finding.kind) {
    case 'slow': {
      const worst = [ms(finding.worstUs), t.worst] as const;
      const said = slowText(finding, format, ms);
      return { ...base, ...said, figures: [late, worst] };
    }
    case 'dropped': {
      const one = finding.dropped === 1;
      const figures = [[format.count(finding.dropped), t.dropped(one)]] as const;
      return {
        ...base,
        strong: t.droppedStrong(format.count(finding.dropped), one),
        rest: t.droppedRest,
        sight: t.droppedSight,
        figures,
      };
    }
    case 'starved': {
      const all = finding.repeated + (finding.newFps * (finding.toMs - finding.fromMs)) / 1000;
      return {
        ...base,
        strong: t.starvedStrong(percentOf(format, finding.repeated / Math.max(1, all))),
        rest: t.starvedRest(length, format.count(finding.newFps), format.count(finding.targetFps)),
        sight: findings.findings.some((one) => one.kind === 'slow' && overlaps(one, finding))
          ? t.starvedLate
          : t.starvedSight,
        figures: [[format.count(finding.repeated), t.repeats], late],
      };
    }
    case 'loss': {
      const { packetsLost, sendRefused } = finding;
      return {
        ...base,
        strong: t.lossStrong(format.count(packetsLost), packetsLost === 1),
        rest: t.lossRest(
          length,
          sendRefused === undefined ? undefined : format.count(sendRefused),
          sendRefused === 0,
        ),
        sight: sendRefused === undefined ? t.lossBlind : t.lossSight,
        figures: [[format.count(packetsLost), t.packets(packetsLost === 1)]],
      };
    }
    case 'suspended':
      return {
        ...base,
        strong: t.suspended,
        rest: t.holeFor(holeLength(finding.lengthMs, format)),
        sight: t.holeSight,
        figures: [],
      };
    case 'records_lost':
      return {
        ...base,
        strong: t.recordsLost(
          finding.records === undefined ? undefined : format.count(finding.records),
        ),
        rest: t.recordsLostRest,
        sight: t.holeSight,
        figures: finding.records === undefined ? [] : [[format.count(finding.records), t.records]],
      };
    case 'freeze':
      return {
        ...base,
        strong: t.freeze,
        rest: t.holeFor(holeLength(finding.lengthMs, format)),
        sight: t.freezeSight,
        figures: [
          [ms(finding.lengthMs === undefined ? undefined : finding.lengthMs * 1000), t.long],
        ],
      };
  }
}

/** One sentence about the whole run, and what it rests on. */
export function verdictText(
  found: Findings,
  format: Format,
  durationMs: number,
): readonly string[] {
  const t = words[format.language];
  const stutters = found.findings.filter(isStutter);
  const budget = format.unit(format.ms(found.budgetUs / 1000), 'ms');
  const median =
    found.medianUs === undefined ? undefined : format.unit(format.ms(found.medianUs / 1000), 'ms');
  const [worst] = stutters;
  const frames = format.count(found.frames);
  if (worst === undefined) {
    if (found.frames === 0) return [t.nothingSeen];
    const well = mostlyOf(format, 1 - found.late / found.frames);
    const clean = Number.isFinite(found.budgetUs) ? t.clean(well, budget) : t.cleanNoBudget;
    return [clean, t.usual(median, format.count(found.late), frames)];
  }
  const side = sideInSentence(worst, format);
  const isThroughout = worst.kind === 'slow' && worst.toMs - worst.fromMs > durationMs * THROUGHOUT;
  const span = [format.clock(worst.fromMs), format.clock(worst.toMs)] as const;
  const big = isThroughout
    ? t.throughout(side, worst.part !== undefined)
    : stutters.length === 1
      ? t.once(side, ...span)
      : t.several(t.times(stutters.length, format.count(stutters.length)), side, ...span);
  if (found.frames === 0) return [big];
  return [big, t.outside(median, budget, format.count(found.lateOutside), frames)];
}

/** What a player notices, unlike a hole in the recording alone. */
export function isStutter({ kind }: Finding): boolean {
  return kind !== 'suspended' && kind !== 'records_lost';
}

/** The colour or hatch of a finding: of its stage where it has one. */
export function keyOf(finding: Finding): Key {
  switch (finding.kind) {
    case 'slow':
      return { shape: 'fill', token: finding.part ?? 'other' };
    case 'starved':
      return { shape: 'hatch', token: 'repeat' };
    case 'dropped':
    case 'loss':
      return { shape: 'fill', token: 'bad' };
    default:
      return { shape: 'fill', token: 'text3' };
  }
}

export function sideOf(finding: Finding, { language }: Format): string {
  if (finding.kind === 'slow') return parts[language][finding.part ?? 'other'];
  return sides[language][finding.kind];
}

function sideInSentence(finding: Finding, { language }: Format): string {
  const t = words[language];
  if (finding.kind === 'slow')
    return finding.part === undefined ? t.nobody : partsInSentence[language][finding.part];
  return sidesInSentence[language][finding.kind];
}

function slowText(
  finding: Finding & { readonly kind: 'slow' },
  format: Format,
  ms: (us: number | undefined) => string,
): Pick<FindingText, 'strong' | 'rest' | 'sight'> {
  const t = words[format.language];
  const { part, share, certainty, partWorstUs, partUsualUs, worstUs, dropped } = finding;
  const also = dropped === 0 ? '' : t.alsoDropped(format.count(dropped), dropped === 1);
  if (part === undefined) {
    return { strong: t.noStage(ms(worstUs)), rest: also.trimStart(), sight: t.noStageSight };
  }
  const name = stageNames[format.language][part];
  if (certainty === 'undecided') {
    return {
      strong: t.mixed(ms(worstUs)),
      rest: `${t.mixedRest(name, percentOf(format, share))}${also}`,
      sight: t.mixedSight,
    };
  }
  return {
    strong: name,
    rest: `${t.slowRest(ms(partWorstUs), ms(partUsualUs), percentOf(format, share))}${also}`,
    sight: certainty === 'certain' ? t.slowCertain : t.slowLikely,
  };
}

function holeLength(ms: number | undefined, format: Format): string | undefined {
  if (ms === undefined) return undefined;
  return ms < 10_000 ? format.unit(format.tenth(ms / 1000), 's') : lengthOf(format, ms);
}

function overlaps(a: Finding, b: Finding): boolean {
  return a.fromMs < b.toMs && a.toMs > b.fromMs;
}

type Side = Exclude<Finding['kind'], 'slow'>;

const parts = /* @__PURE__ */ dictionary<Record<PartName, string>>(
  {
    capture: 'Capture',
    submit: 'Encoder',
    encode: 'Encoder',
    packetize: 'Packets',
    send: 'Send queue',
    other: 'Host',
  },
  {
    capture: 'Aufnahme',
    submit: 'Encoder',
    encode: 'Encoder',
    packetize: 'Pakete',
    send: 'Sendeschlange',
    other: 'Host',
  },
);

/** As they stand behind "the worst was". */
const partsInSentence = /* @__PURE__ */ dictionary<Record<PartName, string>>(
  {
    capture: 'capture',
    submit: 'the encoder',
    encode: 'the encoder',
    packetize: 'packetizing',
    send: 'sending',
    other: 'the host',
  },
  {
    capture: 'die Aufnahme',
    submit: 'den Encoder',
    encode: 'den Encoder',
    packetize: 'das Paketieren',
    send: 'das Senden',
    other: 'den Host',
  },
);

const sides = /* @__PURE__ */ dictionary<Record<Side, string>>(
  {
    dropped: 'Send queue',
    starved: 'Source',
    loss: 'Network',
    suspended: 'Host',
    records_lost: 'Recorder',
    freeze: 'Host',
  },
  {
    dropped: 'Sendeschlange',
    starved: 'Quelle',
    loss: 'Netz',
    suspended: 'Host',
    records_lost: 'Rekorder',
    freeze: 'Host',
  },
);

const sidesInSentence = /* @__PURE__ */ dictionary<Record<Side, string>>(
  {
    dropped: 'frames that were given up',
    starved: 'the source',
    loss: 'packet loss',
    suspended: 'a sleep of the host',
    records_lost: 'the recorder',
    freeze: 'a freeze',
  },
  {
    dropped: 'aufgegebene Bilder',
    starved: 'die Quelle',
    loss: 'Paketverlust',
    suspended: 'einen Schlaf des Hosts',
    records_lost: 'den Rekorder',
    freeze: 'einen Stillstand',
  },
);

const words = /* @__PURE__ */ dictionary(
  {
    nobody: 'no single stage',
    lateFrames: (one: boolean) => (one ? 'late frame' : 'late frames'),
    worst: 'worst',
    long: 'long',
    repeats: 'repeats',
    records: 'records',
    packets: (one: boolean) => (one ? 'packet' : 'packets'),
    dropped: (one: boolean) => (one ? 'frame dropped' : 'frames dropped'),
    slowRest: (worst: string, usual: string, share: string) =>
      `took up to ${worst} where ${usual} is usual; ${share} of the excess of the late frames.`,
    slowCertain: 'Certain for the stage. What kept it busy is not in this recording.',
    slowLikely: 'Likely the stage: most of the excess, not all of it, was there.',
    mixed: (worst: string) => `Frames took up to ${worst}.`,
    mixedRest: (stage: string, share: string) =>
      `No stage had most of the excess; ${stage} had the largest part, ${share}.`,
    mixedSight: 'Not decidable which stage: several were slow together, as on a busy machine.',
    noStage: (worst: string) => `Frames took up to ${worst}.`,
    noStageSight:
      'Frames were late, but this recording does not show where: stage times are missing.',
    alsoDropped: (n: string, one: boolean) =>
      ` ${n} ${one ? 'frame was' : 'frames were'} given up before sending.`,
    droppedStrong: (n: string, one: boolean) =>
      `${n} ${one ? 'frame was' : 'frames were'} given up before sending`,
    droppedRest: 'although no frame around was late.',
    droppedSight: 'Certain for the host: they never reached the network.',
    starvedStrong: (share: string) => `${share} of the frames were repeats`,
    starvedRest: (length: string, fresh: string, target: string) =>
      `for ${length}: the game or compositor delivered about ${fresh} of ${target} a second.`,
    starvedSight:
      'Every stage of the host stayed within budget. Whether the game meant it so is not in this recording.',
    starvedLate: 'Frames of the host were late in the same time; see there.',
    lossStrong: (n: string, one: boolean) => `${n} ${one ? 'packet' : 'packets'} lost`,
    lossRest: (length: string, refused: string | undefined, none: boolean) =>
      refused === undefined
        ? `in ${length}, as the client reports.`
        : none
          ? `in ${length}; the host itself dropped none.`
          : `in ${length}; the host itself could not send ${refused}.`,
    lossSight:
      'Certain for the loss; where on the way it happened is not decidable from this recording.',
    lossBlind: 'Certain for the loss; what the host itself could not send, nobody counted.',
    suspended: 'The machine slept',
    holeFor: (length: string | undefined) => (length === undefined ? '.' : `for ${length}.`),
    holeSight: 'Nothing was measured there.',
    recordsLost: (n: string | undefined) =>
      n === undefined ? 'Frame records were lost' : `${n} frame records were lost`,
    recordsLostRest: 'on the way to the recorder; the stream itself went on.',
    freeze: 'No picture left the host',
    freezeSight: 'Certain that nothing was sent; whether there was anything to send is not.',
    clean: (share: string, budget: string) =>
      `No stutter found. ${share} of frames stayed within ${budget}.`,
    cleanNoBudget: 'No stutter found.',
    nothingSeen: 'Whether frames were late, this recording does not show: it has no frames.',
    usual: (median: string | undefined, late: string, frames: string) =>
      `${median === undefined ? '' : `Median ${median}; `}${late} of ${frames} frames were late.`,
    throughout: (side: string, known: boolean) =>
      known ? `Frames were late all along. Most of it was ${side}.` : 'Frames were late all along.',
    once: (side: string, from: string, to: string) =>
      from === to
        ? `It stuttered once, by ${side}, at ${from}.`
        : `It stuttered once, by ${side}, from ${from} to ${to}.`,
    several: (times: string, side: string, from: string, to: string) =>
      from === to
        ? `It stuttered ${times}. The worst was ${side}, at ${from}.`
        : `It stuttered ${times}. The worst was ${side}, from ${from} to ${to}.`,
    times: (n: number, text: string) =>
      ['never', 'once', 'twice', 'three times', 'four times', 'five times'][n] ?? `${text} times`,
    outside: (median: string | undefined, budget: string, late: string, frames: string) =>
      `Outside of that ${late} of ${frames} frames were late${median === undefined ? '' : `; median ${median}, budget ${budget}`}.`,
  },
  {
    nobody: 'keine einzelne Stufe',
    lateFrames: (one) => (one ? 'spätes Bild' : 'späte Bilder'),
    worst: 'schlimmstes',
    long: 'lang',
    repeats: 'Wiederholungen',
    records: 'Einträge',
    packets: (one) => (one ? 'Paket' : 'Pakete'),
    dropped: (one) => (one ? 'Bild verworfen' : 'Bilder verworfen'),
    slowRest: (worst, usual, share) =>
      `brauchte bis zu ${worst}, üblich sind ${usual}; ${share} des Überschusses der späten Bilder.`,
    slowCertain: 'Sicher für die Stufe. Was sie aufhielt, steht nicht in dieser Aufzeichnung.',
    slowLikely: 'Wahrscheinlich die Stufe: Dort lag das meiste des Überschusses, nicht alles.',
    mixed: (worst) => `Bilder brauchten bis zu ${worst}.`,
    mixedRest: (stage, share) =>
      `Keine Stufe hatte das meiste des Überschusses; ${stage} den größten Teil, ${share}.`,
    mixedSight:
      'Welche Stufe es war, ist nicht entscheidbar: Mehrere waren zugleich langsam, wie auf einem ausgelasteten Rechner.',
    noStage: (worst) => `Bilder brauchten bis zu ${worst}.`,
    noStageSight:
      'Bilder kamen spät, aber wo, zeigt diese Aufzeichnung nicht: Die Stufenzeiten fehlen.',
    alsoDropped: (n, one) =>
      ` ${n} ${one ? 'Bild wurde' : 'Bilder wurden'} vor dem Senden aufgegeben.`,
    droppedStrong: (n, one) =>
      `${n} ${one ? 'Bild wurde' : 'Bilder wurden'} vor dem Senden aufgegeben,`,
    droppedRest: 'obwohl ringsum keines zu spät war.',
    droppedSight: 'Sicher für den Host: Sie erreichten das Netz nie.',
    starvedStrong: (share) => `${share} der Bilder waren Wiederholungen,`,
    starvedRest: (length, fresh, target) =>
      `${length} lang: Spiel oder Compositor lieferten etwa ${fresh} von ${target} je Sekunde.`,
    starvedSight:
      'Jede Stufe des Hosts blieb im Budget. Ob das Spiel es so wollte, steht nicht in dieser Aufzeichnung.',
    starvedLate: 'In derselben Zeit waren Bilder des Hosts zu spät; siehe dort.',
    lossStrong: (n, one) => `${n} ${one ? 'Paket' : 'Pakete'} verloren`,
    lossRest: (length, refused, none) =>
      refused === undefined
        ? `in ${length}, wie der Client meldet.`
        : none
          ? `in ${length}; der Host selbst verwarf keines.`
          : `in ${length}; ${refused} konnte der Host selbst nicht senden.`,
    lossSight:
      'Sicher für den Verlust; wo auf dem Weg er geschah, ist aus dieser Aufzeichnung nicht entscheidbar.',
    lossBlind: 'Sicher für den Verlust; was der Host selbst nicht senden konnte, zählte niemand.',
    suspended: 'Der Rechner schlief',
    holeFor: (length) => (length === undefined ? '.' : `${length} lang.`),
    holeSight: 'Dort wurde nichts gemessen.',
    recordsLost: (n) =>
      n === undefined ? 'Bildeinträge gingen verloren' : `${n} Bildeinträge gingen verloren`,
    recordsLostRest: 'auf dem Weg zum Rekorder; der Stream selbst lief weiter.',
    freeze: 'Kein Bild verließ den Host',
    freezeSight: 'Sicher, dass nichts gesendet wurde; ob es etwas zu senden gab, nicht.',
    clean: (share, budget) => `Kein Ruckeln gefunden. ${share} der Bilder blieben unter ${budget}.`,
    cleanNoBudget: 'Kein Ruckeln gefunden.',
    nothingSeen: 'Ob Bilder zu spät kamen, zeigt diese Aufzeichnung nicht: Sie hat keine Bilder.',
    usual: (median, late, frames) =>
      `${median === undefined ? '' : `Median ${median}; `}${late} von ${frames} Bildern kamen zu spät.`,
    throughout: (side, known) =>
      known
        ? `Bilder kamen durchgehend zu spät, am meisten durch ${side}.`
        : 'Bilder kamen durchgehend zu spät.',
    once: (side, from, to) =>
      from === to
        ? `Es hat einmal geruckelt, durch ${side}, bei ${from}.`
        : `Es hat einmal geruckelt, durch ${side}, von ${from} bis ${to}.`,
    several: (times, side, from, to) =>
      from === to
        ? `Es hat ${times} geruckelt. Am stärksten durch ${side}, bei ${from}.`
        : `Es hat ${times} geruckelt. Am stärksten durch ${side}, von ${from} bis ${to}.`,
    times: (n, text) =>
      ['nie', 'einmal', 'zweimal', 'dreimal', 'viermal', 'fünfmal'][n] ?? `${text}-mal`,
    outside: (median, budget, late, frames) =>
      `Sonst kamen ${late} von ${frames} Bildern zu spät${median === undefined ? '' : `; Median ${median}, Budget ${budget}`}.`,
  },
);

/** A finding that holds so much of the run is the run. */
const THROUGHOUT = 0.8;
