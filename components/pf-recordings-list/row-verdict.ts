// The few words of a row about how a recording went, and the key before them. The same findings as the recording's own
// page has; without its frames only what a window can prove.
import type { Finding, Findings } from '../../recording/src/review/findings.ts';
import type { PartName } from '../../recording/src/review/frame-table.ts';
import { dictionary, type Language } from '../base/i18n.ts';
import type { Key } from '../base/swatch.ts';

export type RowVerdict =
  | { readonly kind: 'slow'; readonly part: PartName | undefined }
  | { readonly kind: Exclude<Finding['kind'], 'slow'> }
  /** Looked for, and not there: in every frame; in every window, where a single late frame may hide. */
  | { readonly kind: 'clean' | 'steady' }
  /** Nothing that could tell. */
  | { readonly kind: 'unmeasured' };

/** Of a recording that was reviewed with its frames. */
export function verdictOfFindings({ findings, frames }: Findings): RowVerdict {
  const [worst] = findings;
  if (worst !== undefined) return verdictOfFinding(worst);
  return { kind: frames === 0 ? 'unmeasured' : 'clean' };
}

export function verdictOfFinding(finding: Finding): RowVerdict {
  return finding.kind === 'slow'
    ? { kind: 'slow', part: finding.certainty === 'undecided' ? undefined : finding.part }
    : { kind: finding.kind };
}

export function verdictWord(verdict: RowVerdict, language: Language): string {
  if (verdict.kind !== 'slow') return words[language][verdict.kind];
  return verdict.part === undefined ? words[language].late : slow[language][verdict.part];
}

/** A sentence on what the word rests on. */
export function verdictSight(verdict: RowVerdict, language: Language): string {
  return verdict.kind === 'steady' ? words[language].steadySight : '';
}

/** What `verdict:` finds it by, in either language. */
export function verdictNames(verdict: RowVerdict): readonly string[] {
  const names = (['en', 'de'] as const).map((language) => verdictWord(verdict, language));
  const { kind } = verdict;
  if (kind === 'steady') return [...names, 'clean', words.de.clean];
  return kind === 'slow' ? [...names, 'late', 'slow', verdict.part ?? 'late'] : [...names, kind];
}

export function verdictKey(verdict: RowVerdict): Key {
  switch (verdict.kind) {
    case 'slow':
      return { shape: 'fill', token: verdict.part ?? 'other' };
    case 'starved':
      return { shape: 'hatch', token: 'repeat' };
    case 'dropped':
    case 'loss':
      return { shape: 'fill', token: 'bad' };
    case 'clean':
      return { shape: 'fill', token: 'ok' };
    case 'steady':
      return { shape: 'line', token: 'ok' };
    default:
      return { shape: 'fill', token: 'text3' };
  }
}

const slow = /* @__PURE__ */ dictionary<Record<PartName, string>>(
  {
    capture: 'Capture slow',
    submit: 'Encoder slow',
    encode: 'Encoder slow',
    packetize: 'Packetizing slow',
    send: 'Sending slow',
    other: 'Host slow',
  },
  {
    capture: 'Aufnahme langsam',
    submit: 'Encoder langsam',
    encode: 'Encoder langsam',
    packetize: 'Paketieren langsam',
    send: 'Senden langsam',
    other: 'Host langsam',
  },
);

const words = /* @__PURE__ */ dictionary(
  {
    late: 'Late frames',
    dropped: 'Frames dropped',
    starved: 'Source starved',
    loss: 'Network loss',
    suspended: 'Host slept',
    records_lost: 'Records lost',
    freeze: 'Froze',
    clean: 'Clean',
    steady: 'Steady',
    unmeasured: 'Not measured',
    steadySight: 'No second stood out. A single late frame shows in the recording itself.',
  },
  {
    late: 'Späte Bilder',
    dropped: 'Bilder verworfen',
    starved: 'Quelle stockte',
    loss: 'Paketverlust',
    suspended: 'Host schlief',
    records_lost: 'Einträge verloren',
    freeze: 'Stillstand',
    clean: 'Sauber',
    steady: 'Ruhig',
    unmeasured: 'Nicht gemessen',
    steadySight:
      'Keine Sekunde fiel auf. Ein einzelnes spätes Bild zeigt erst die Aufzeichnung selbst.',
  },
);
