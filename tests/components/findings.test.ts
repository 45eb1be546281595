// Findings and verdicts in words: every kind in both languages, with the figures of the finding and nothing else.
import { describe, expect, test } from 'bun:test';
import { findingText, verdictText } from '../../components/base/finding-words.ts';
import { Format } from '../../components/base/format.ts';
import { mostlyOf, percentOf, spanOf } from '../../components/base/format-shares.ts';
import type { Finding, Findings } from '../../recording/src/review/findings.ts';

const en = new Format('en', 'UTC');
const de = new Format('de', 'UTC');

const where = {
  sessionId: 1,
  fromMs: 582_000,
  toMs: 618_000,
  late: 93,
  harmUs: 1000,
  certainty: 'certain',
} as const;
const slow: Finding = {
  ...where,
  ...{ kind: 'slow', part: 'encode', share: 0.94, partWorstUs: 79_600, partUsualUs: 3250 },
  ...{ worstUs: 82_000, worstRow: 70_391, dropped: 0 },
};
const starved: Finding = {
  ...where,
  ...{ kind: 'starved', fromMs: 965_000, toMs: 1_010_000, late: 0 },
  ...{ repeated: 2559, newFps: 63, targetFps: 120 },
};
const loss: Finding = {
  ...where,
  ...{ kind: 'loss', fromMs: 800_000, toMs: 806_000, late: 2, packetsLost: 498, sendRefused: 0 },
};
const found = (...findings: Finding[]): Findings => ({
  ...{ findings, frames: 144_000, late: 118, lateOutside: 25 },
  ...{ medianUs: 5740, budgetUs: 8333 },
});
const nbsp = (text: string): string => text.replaceAll('~', '\u00a0');
const said = (finding: Finding, format: Format, all = found(finding)): string => {
  const { side, span, strong, rest, sight } = findingText(finding, format, all);
  return `${side} ${span}: ${strong} ${rest} (${sight})`;
};

describe('a finding', () => {
  test('of a stage says how long it took, what is usual and how much of the excess it had', () => {
    expect(said(slow, en)).toBe(
      nbsp(
        'Encoder 09:42–10:18: Encode took up to 79.6~ms where 3.25~ms is usual; 94% of the excess of the late frames. (Certain for the stage. What kept it busy is not in this recording.)',
      ),
    );
    expect(said(slow, de)).toContain(
      nbsp('Encoding brauchte bis zu 79,6~ms, üblich sind 3,25~ms; 94~% des Überschusses'),
    );
    const { figures } = findingText(slow, en, found(slow));
    expect(figures).toEqual([
      ['93', 'late frames'],
      [nbsp('82.0~ms'), 'worst'],
    ]);
  });

  test('without a stage says so, and names none', () => {
    const blind: Finding = { ...slow, part: undefined, share: undefined, certainty: 'undecided' };
    const text = said(blind, en);
    expect(text).toContain('this recording does not show where: stage times are missing');
    expect(text).not.toContain('Encode ');
    const mixed: Finding = { ...slow, share: 0.41, certainty: 'undecided', dropped: 1 };
    expect(said(mixed, en)).toContain(
      'No stage had most of the excess; Encode had the largest part, 41%.',
    );
    expect(said(mixed, en)).toContain('1 frame was given up before sending.');
    expect(said({ ...slow, share: 0.6, certainty: 'likely' }, en)).toContain('Likely the stage');
  });

  test('of a source tells what it delivered, and whether the host was slow at the same time', () => {
    expect(said(starved, en)).toContain(
      nbsp(
        '47% of the frames were repeats for 45~s: the game or compositor delivered about 63 of 120 a second.',
      ),
    );
    expect(said(starved, en)).toContain('Every stage of the host stayed within budget.');
    const beside: Finding = { ...slow, fromMs: 970_000, toMs: 980_000 };
    expect(said(starved, en, found(starved, beside))).toContain('late in the same time');
  });

  test('of losses blames the host only with a count', () => {
    expect(said(loss, en)).toContain(
      nbsp('498 packets lost in 6~s; the host itself dropped none.'),
    );
    expect(said({ ...loss, sendRefused: 12 }, en)).toContain('the host itself could not send 12.');
    const blind: Finding = { ...loss, sendRefused: undefined };
    expect(said(blind, en)).toContain('nobody counted');
    expect(said(blind, en)).not.toContain('dropped none');
  });

  test('is said in both languages, whatever kind it is', () => {
    const dropped: Finding = { ...where, kind: 'dropped', late: 0, dropped: 6, firstRow: 3 };
    const holes = (['suspended', 'records_lost', 'freeze'] as const).flatMap((kind): Finding[] => [
      { ...where, kind, lengthMs: 3200, records: 12 },
      { ...where, kind, lengthMs: undefined, records: undefined },
    ]);
    for (const finding of [slow, starved, loss, dropped, ...holes]) {
      const [english, german] = [said(finding, en), said(finding, de)];
      expect(english).not.toBe(german);
      expect(`${english} ${german}`).not.toMatch(/undefined|NaN|Infinity/);
    }
  });
});

describe('the verdict', () => {
  const minutes20 = 1_200_000;

  test('counts stutters, names the worst and what lies outside', () => {
    expect(verdictText(found(slow, starved, loss), en, minutes20)).toEqual([
      'It stuttered three times. The worst was the encoder, from 09:42 to 10:18.',
      nbsp('Outside of that 25 of 144,000 frames were late; median 5.74~ms, budget 8.33~ms.'),
    ]);
    expect(verdictText(found(slow, starved, loss), de, minutes20)[0]).toBe(
      'Es hat dreimal geruckelt. Am stärksten durch den Encoder, von 09:42 bis 10:18.',
    );
  });

  test('of a clean run never rounds up to all', () => {
    const clean: Findings = { ...found(), late: 3, lateOutside: 3 };
    expect(verdictText(clean, en, minutes20)[0]).toBe(
      nbsp('No stutter found. 99.9% of frames stayed within 8.33~ms.'),
    );
    expect(verdictText({ ...clean, late: 0 }, en, minutes20)[0]).toContain('100%');
  });

  test('takes a hole in the recording for no stutter', () => {
    const hole: Finding = { ...where, kind: 'suspended', lengthMs: 3000, records: undefined };
    expect(verdictText(found(hole), en, minutes20)[0]).toContain('No stutter found');
  });

  test('says when it went on all along, and when there is nothing to judge by', () => {
    const always: Finding = { ...slow, fromMs: 0, toMs: 1_190_000 };
    expect(verdictText(found(always), en, minutes20)[0]).toBe(
      'Frames were late all along. Most of it was the encoder.',
    );
    const blind: Findings = { ...found(), frames: 0, late: 0, medianUs: undefined };
    expect(verdictText(blind, en, minutes20)).toHaveLength(1);
    expect(verdictText(blind, de, minutes20)[0]).toContain('zeigt diese Aufzeichnung nicht');
  });
});

test('shares and spans as the design writes them', () => {
  expect([0, 0.0003, 0.004, 0.0096, 0.47, 1].map((share) => percentOf(en, share))).toEqual([
    ...['0%', '0.1%', '0.4%', '1%', '47%', '100%'],
  ]);
  expect(percentOf(de, 0.004)).toBe(nbsp('0,4~%'));
  expect(percentOf(en, undefined)).toBe('–');
  expect([mostlyOf(en, 1), mostlyOf(en, 0.99999), mostlyOf(en, 0.9812)]).toEqual([
    ...['100%', '99.9%', '98.1%'],
  ]);
  expect([spanOf(en, 582_000, 618_000), spanOf(en, 582_100, 582_900)]).toEqual([
    ...['09:42–10:18', '09:42'],
  ]);
});
