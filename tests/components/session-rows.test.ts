// Sessions as rows, and which keys are listed: without a browser.
import { describe, expect, test } from 'bun:test';
import { parseCapture } from '../../components/base/parse.ts';
import {
  barOf,
  modeAt,
  rateAt,
  type SessionRow,
  sessionRows,
} from '../../components/chart/session-rows.ts';
import { KEY_GROUPS, keySections } from '../../components/pf-keys/key-list.ts';
import { nextMarker } from '../../components/pf-recording-detail/view.ts';
import type { Capture } from '../../contract/stats.ts';
import { longRecording } from '../support/seeded-recordings.ts';
import { manySessions, threeSessions } from '../support/several-sessions.ts';

const { capture } = threeSessions();
const full = { fromMs: 0, toMs: 40_000 };
const rows = sessionRows(capture, full);

function row(id: number, of: readonly SessionRow[] = rows): SessionRow {
  const found = of.find((one) => one.id === id);
  if (found === undefined) throw new RangeError(`no session ${id}`);
  return found;
}

describe('a row', () => {
  test('reaches from the beginning of its session to its end, and to the recording’s without one', () => {
    expect(rows.map(({ id, fromMs, toMs, isOpen }) => [id, fromMs, toMs, isOpen])).toEqual([
      [1, 0, 40_000, false],
      [2, 8000, 32_000, false],
      [3, 24_000, 40_000, true],
    ]);
  });

  test('knows target and mode at every time, and nothing outside of its session', () => {
    const second = row(2);
    expect([7999, 8000, 17_999, 18_000, 32_000, 32_001].map((ms) => rateAt(second, ms))).toEqual([
      ...[undefined, 20_000, 20_000, 9000, 9000, undefined],
    ]);
    expect([8000, 25_999, 26_000].map((ms) => modeAt(second, ms))).toEqual([
      ...[undefined, undefined, '854x480@60'],
    ]);
  });

  test('its bar is cut where the target changed and as high as that is', () => {
    expect(barOf(row(2), full, 20_000, 500)).toEqual([
      { from: 0.2, to: 0.45, height: 1 },
      { from: 0.45, to: 0.8, height: 0.45 },
    ]);
    expect(barOf(row(2), { fromMs: 20_000, toMs: 30_000 }, 20_000, 500)).toEqual([
      { from: 0, to: 1, height: 0.45 },
    ]);
    expect(barOf(row(3), { fromMs: 0, toMs: 20_000 }, 20_000, 500)).toEqual([]);
  });

  test('is empty where nothing was measured', () => {
    const long = longRecording();
    const [only] = sessionRows(long, { fromMs: 0, toMs: 1_200_000 });
    if (only === undefined) throw new RangeError('no row');
    expect(only.gaps).toEqual([{ fromMs: 730_000, toMs: 770_000 }]);
    const ends = barOf(only, { fromMs: 0, toMs: 1_200_000 }, 20_000, 5000);
    expect(ends.some(({ from, to }) => from < 0.62 && to > 0.63)).toBe(false);
  });

  test('of a target that changes with every window has no more pieces than it may, and keeps the lowest', () => {
    const samples = Array.from({ length: 5000 }, (_, i) => ({
      ...{ t_ms: (i + 1) * 10, session_id: 1, stages: [], fps: 60, repeat_fps: 0, mbps: 1 },
      ...{ window_ms: 10, bitrate_kbps: i === 2500 ? 100 : 10_000 + (i % 2) * 10 },
    }));
    const many: Capture = { meta: { ...capture.meta, duration_ms: 50_000 }, samples };
    const [only] = sessionRows(many, { fromMs: 0, toMs: 50_000 });
    if (only === undefined) throw new RangeError('no row');
    const bar = barOf(only, { fromMs: 0, toMs: 50_000 }, 10_010, 300);
    expect(bar.length).toBeLessThanOrEqual(600);
    expect(Math.min(...bar.map(({ height = 1 }) => height))).toBeCloseTo(100 / 10_010, 6);
  });

  test('tells the window with the largest p99, and none where totals were not measured', () => {
    const of = capture.samples.filter(({ session_id }) => session_id === 2);
    const most = Math.max(...of.map(({ total_p99_us = 0 }) => total_p99_us));
    expect(row(2).worstWindow?.ms).toBe(most / 1000);
    const blind = of.map(({ total_p99_us: _, ...rest }) => rest);
    expect(sessionRows({ ...capture, samples: blind }, full)[0]?.worstWindow).toBeUndefined();
  });
});

test('a hundred sessions are in order of their beginning; a file that names none has those of its windows', () => {
  const many = sessionRows(manySessions(100), { fromMs: 0, toMs: 230_000 });
  expect(many.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  const { sessions: _, ...unnamed } = capture;
  expect(sessionRows(unnamed, full).map(({ id, fromMs, toMs }) => [id, fromMs, toMs])).toEqual([
    ...[
      [1, 0, 40_000],
      [2, 8000, 32_000],
      [3, 24_000, 40_000],
    ],
  ]);
});

test('what a host says of a session, why and on which machine survives the way into the page', () => {
  const read = parseCapture(JSON.parse(JSON.stringify(capture)));
  expect(read.sessions).toEqual(capture.sessions);
  expect(read.host).toEqual(capture.host);
  const broken = parseCapture({
    ...capture,
    sessions: [{ session_id: 1, negotiated: { fec_pct: 'many', encoder_refused: 7, colour: '' } }],
  });
  expect(broken.sessions?.[0]?.negotiated).toEqual({});
});

test('markers are found forwards and backwards, and there is none behind the last', () => {
  const markers = [
    { atMs: 10, text: 'a' },
    { atMs: 20, text: 'b' },
  ];
  expect(nextMarker(markers, -1, 1)?.text).toBe('a');
  expect(nextMarker(markers, 10, 1)?.text).toBe('b');
  expect(nextMarker(markers, 20, 1)).toBeUndefined();
  expect(nextMarker(markers, Number.POSITIVE_INFINITY, -1)?.text).toBe('b');
  expect(nextMarker(markers, 10, -1)).toBeUndefined();
});

test('the list of keys has what is on the screen and nothing else, in the order of the page', () => {
  const shown = keySections(['list', 'live', 'page'], 'en').map(({ group }) => group);
  expect(shown).toEqual(['page', 'live', 'list']);
  for (const language of ['en', 'de'] as const) {
    for (const { title, rows: keys } of keySections(KEY_GROUPS, language)) {
      expect(title).not.toBe('');
      for (const { chords, does } of keys) {
        expect(does).not.toBe('');
        expect(chords.flat().every((key) => key !== '')).toBe(true);
      }
    }
  }
});
