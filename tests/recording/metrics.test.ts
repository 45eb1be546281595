// Counters and histograms for whoever scrapes: what is counted, what is absent, and that the text is OpenMetrics.
import { describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { BlackBoxStatus } from '../../contract/stats.ts';
import { frameFlags } from '../../recording/src/frames.ts';
import type { CapturedSession, CaptureInput } from '../../recording/src/inputs.ts';
import { type HostFigures, MetricsCounter } from '../../recording/src/metrics.ts';
import {
  bucketSeconds,
  DurationHistogram,
  metricFamilies,
  OpenMetricsText,
} from '../../recording/src/open-metrics.ts';
import { type RawFrame, rawRecords } from '../support/raw-records.ts';

const DOC = join(import.meta.dir, '../../docs/metrics.md');
const IDLE: HostFigures = { version: '1.2.3', armed: false };

describe('without a session', () => {
  test('only what is known without one is said', () => {
    expect(samples(new MetricsCounter())).toEqual({
      'punktfunk_build_info{version="1.2.3"}': 1,
      'punktfunk_sessions{kind="gamestream"}': 0,
      'punktfunk_sessions{kind="native"}': 0,
      punktfunk_capture_armed: 0,
    });
  });

  test('frames that nobody announced wait for the announcement', () => {
    const counter = new MetricsCounter();
    counter.take(records({ session: 7 }, { session: 7 }));
    expect(samples(counter)).not.toHaveProperty([sent('gamestream')]);
    counter.take(announced({ sessionId: 7 }));
    expect(samples(counter)).toMatchObject({ [sent('gamestream')]: 2 });
  });
});

describe('frames', () => {
  test('count by outcome, picture and kind, and their bytes and packets when they were sent whole', () => {
    const counter = new MetricsCounter();
    counter.take(announced());
    counter.take(
      records(
        { flags: frameFlags.key },
        { flags: frameFlags.repeat },
        { outcome: 1, bytes: 999, dataPackets: 99 },
        { outcome: 200 },
      ),
    );
    expect(samples(counter)).toMatchObject({
      [sent('gamestream')]: 2,
      'punktfunk_frames_total{kind="gamestream",outcome="queue_full"}': 1,
      'punktfunk_frames_total{kind="gamestream",outcome="send_error"}': 0,
      'punktfunk_frames_total{kind="gamestream",outcome="unknown"}': 1,
      'punktfunk_source_frames_total{kind="gamestream",picture="new"}': 3,
      'punktfunk_source_frames_total{kind="gamestream",picture="repeated"}': 1,
      'punktfunk_key_frames_total{kind="gamestream"}': 1,
      'punktfunk_sent_bytes_total{kind="gamestream"}': 20_000,
      'punktfunk_packets_total{kind="gamestream",type="data"}': 20,
      'punktfunk_packets_total{kind="gamestream",type="parity"}': 4,
      'punktfunk_sessions{kind="gamestream"}': 1,
      'punktfunk_sessions{kind="native"}': 0,
    });
    expect(Object.keys(samples(counter)).join('\n')).not.toContain('kind="native",');
  });

  test('stages lie in buckets whose sum is the sum of whole microseconds', () => {
    const counter = new MetricsCounter();
    counter.take(announced());
    counter.take(
      records({}, { outcome: 1, offsetsNs: { packetized: undefined, last_sent: undefined } }),
    );
    const found = samples(counter);
    const stage = 'kind="gamestream",stage="encode"';
    expect(found).toMatchObject({
      [`punktfunk_frame_stage_seconds_count{${stage}}`]: 2,
      [`punktfunk_frame_stage_seconds_sum{${stage}}`]: 0.008,
      [`punktfunk_frame_stage_seconds_bucket{${stage},le="0.003"}`]: 0,
      [`punktfunk_frame_stage_seconds_bucket{${stage},le="0.004"}`]: 2,
      [`punktfunk_frame_stage_seconds_bucket{${stage},le="+Inf"}`]: 2,
      'punktfunk_frame_stage_seconds_count{kind="gamestream",stage="send"}': 1,
      'punktfunk_frame_seconds_count{kind="gamestream"}': 1,
      'punktfunk_frame_seconds_sum{kind="gamestream"}': 0.0075,
    });
    expect(Object.keys(found).join('\n')).not.toContain('stage="submit"');
  });

  test('refused packets have the reason of their frame', () => {
    const counter = new MetricsCounter();
    counter.take(announced());
    counter.take(
      records(
        { sendRefused: 3, flags: frameFlags.refusedNoRoom },
        { sendRefused: 4, flags: frameFlags.refusedNoBuffer | frameFlags.refusedNoRoom },
        { sendRefused: 5, flags: frameFlags.refusedByPeer },
        { sendRefused: 6 },
      ),
    );
    const refused = (reason: string) =>
      `punktfunk_send_refused_packets_total{kind="gamestream",reason="${reason}"}`;
    expect(samples(counter)).toMatchObject({
      [refused('no_room')]: 3,
      [refused('no_buffer')]: 4,
      [refused('by_peer')]: 5,
      [refused('unknown')]: 6,
    });
  });

  test('a picture is late when it is older than a frame interval; without stamps nobody knows', () => {
    const late = 'punktfunk_source_late_frames_total{kind="gamestream"}';
    const counter = new MetricsCounter();
    counter.take(announced({ fps: 100 }));
    counter.take(records({}));
    expect(samples(counter)).not.toHaveProperty([late]);
    counter.take(
      records(
        { sourceAgeNs: 9_000_000 },
        { sourceAgeNs: 11_000_000 },
        { sourceAgeNs: 11_000_000, flags: frameFlags.repeat },
      ),
    );
    expect(samples(counter)).toMatchObject({ [late]: 1 });
  });

  test('skipped pictures are followed in order of grabbing, and not across lost records', () => {
    const skipped = 'punktfunk_source_skipped_pictures_total{kind="gamestream"}';
    const counter = new MetricsCounter();
    counter.take(announced());
    counter.take(records({}));
    expect(samples(counter)).not.toHaveProperty([skipped]);
    // Every third picture, two neighbours swapped on arrival: 2 skipped between each and the next.
    const frames = Array.from({ length: 101 }, (_, i) => ({
      grabbedNs: BigInt(i) * 8_000_000n,
      sourceSequence: 3 * i,
    }));
    frames.splice(40, 2, ...frames.slice(40, 42).reverse());
    counter.take(records(...frames));
    counter.take({ kind: 'records_lost', atNs: 1n, count: 5 });
    counter.take(records({ grabbedNs: 10n ** 9n, sourceSequence: 9000 }));
    counter.take({ kind: 'session_ended', atNs: 2n, sessionId: 1, reason: 'client_gone' });
    expect(samples(counter)).toMatchObject({ [skipped]: 200, punktfunk_lost_records_total: 5 });
  });
});

describe('receivers', () => {
  const lost = 'punktfunk_receiver_lost_packets_total{kind="gamestream"}';
  const recovered = 'punktfunk_receiver_recovered_packets_total{kind="gamestream"}';
  const rtt = 'punktfunk_rtt_seconds{kind="gamestream"}';

  test('are absent until they report, each figure for itself', () => {
    const counter = new MetricsCounter();
    counter.take(announced());
    counter.take(receiver(1, { rttUs: 2000 }));
    const found = samples(counter);
    expect(found).toMatchObject({ [rtt]: 0.002 });
    expect(found).not.toHaveProperty([lost]);
    counter.take(receiver(1, { packetsLost: 0 }));
    expect(samples(counter)).toMatchObject({ [lost]: 0 });
    expect(samples(counter)).not.toHaveProperty([recovered]);
  });

  test('add up over sessions, whose totals each begin at zero', () => {
    const counter = new MetricsCounter();
    for (const sessionId of [1, 2]) counter.take(announced({ sessionId }));
    counter.take(receiver(1, { packetsLost: 5, packetsRecovered: 3, rttUs: 1000 }));
    counter.take(receiver(2, { packetsLost: 7, rttUs: 3000 }));
    counter.take(receiver(1, { packetsLost: 6, framesNotShown: 1 }));
    expect(samples(counter)).toMatchObject({ [lost]: 13, [recovered]: 3, [rtt]: 0.003 });
    counter.take({ kind: 'session_ended', atNs: 0n, sessionId: 2, reason: 'gone' });
    expect(samples(counter)).toMatchObject({
      [lost]: 13,
      [rtt]: 0.001,
      'punktfunk_sessions{kind="gamestream"}': 1,
      'punktfunk_started_sessions_total{kind="gamestream"}': 2,
    });
  });

  test('a total that shrinks takes nothing away', () => {
    const counter = new MetricsCounter();
    counter.take(announced());
    counter.take(receiver(1, { packetsLost: 5 }));
    counter.take(receiver(1, { packetsLost: 2 }));
    expect(samples(counter)).toMatchObject({ [lost]: 5 });
  });
});

describe('the host', () => {
  test('tells of the running capture and of the black box', () => {
    const blackBox: BlackBoxStatus = {
      ...{ on: true, seconds: 12.5, frames: 750, bytes: 50_000 },
      ...{ limit_bytes: 4_000_000, limit_s: 120, saved: 2, held_back: 3 },
    };
    const recorder = {
      ...{ frames: 10, bytes_written: 640, write_ms: 1.5, write_max_ms: 1, shed_frames: 0 },
    };
    const figures = { ...IDLE, armed: true, recorder, blackBox };
    expect(samples(new MetricsCounter(), figures)).toMatchObject({
      punktfunk_capture_armed: 1,
      punktfunk_recorder_frames_total: 10,
      punktfunk_recorder_shed_frames_total: 0,
      punktfunk_recorder_written_bytes_total: 640,
      punktfunk_recorder_write_seconds_total: 0.0015,
      punktfunk_black_box_held_seconds: 12.5,
      punktfunk_black_box_saved_total: 2,
      punktfunk_black_box_held_back_total: 3,
    });
    const off = { ...blackBox, on: false };
    const text = new MetricsCounter().text({ ...IDLE, blackBox: off });
    expect(text).not.toContain('black_box');
  });

  test('time asleep and lost records are told once there are some', () => {
    const counter = new MetricsCounter();
    counter.take({ kind: 'suspended', atNs: 0n, ms: 1500 });
    counter.take({ kind: 'suspended', atNs: 0n, ms: 500 });
    expect(samples(counter)).toMatchObject({ punktfunk_suspended_seconds_total: 2 });
    expect(samples(counter)).not.toHaveProperty('punktfunk_lost_records_total');
  });
});

describe('the text', () => {
  test('is OpenMetrics: one head a family, its samples together, the end marked', () => {
    const counter = new MetricsCounter();
    counter.take(announced());
    counter.take(announced({ sessionId: 2, kind: 'native' }));
    counter.take(records({}, { session: 2 }));
    expect(problemsOf(counter.text(IDLE))).toEqual([]);
  });

  test('escapes what a label or a help holds', () => {
    const text = new OpenMetricsText();
    text.gauge('punktfunk_build_info', { version: 'a"b\\c\nd' }, 1);
    expect(text.text()).toContain('punktfunk_build_info{version="a\\"b\\\\c\\nd"} 1\n');
  });

  test('has as many series after a thousand sessions as after one, and no name of anybody', () => {
    const counter = new MetricsCounter();
    const seen = new Set<number>();
    for (let sessionId = 1; sessionId <= 1000; sessionId += 1) {
      counter.take(announced({ sessionId, client: `anna-${sessionId}`, app: 'Secret Game' }));
      counter.take(records({ session: sessionId }));
      counter.take({ kind: 'session_ended', atNs: 0n, sessionId, reason: `gone-${sessionId}` });
      seen.add(Object.keys(samples(counter)).length);
    }
    expect(seen.size).toBe(1);
    expect(counter.text(IDLE)).not.toMatch(/anna|Secret|gone/);
    expect(samples(counter)).toMatchObject({ [sent('gamestream')]: 1000 });
  });

  test('buckets are cumulative and hold every duration where it belongs', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1 }),
        (durationsUs) => {
          const histogram = new DurationHistogram();
          for (const us of durationsUs) histogram.add(us);
          const text = new OpenMetricsText();
          text.histogram('punktfunk_frame_seconds', {}, histogram);
          const found = parse(text.text());
          for (const seconds of bucketSeconds) {
            const below = durationsUs.filter((us) => us <= Math.round(seconds * 1e6)).length;
            expect(found[`punktfunk_frame_seconds_bucket{le="${seconds}"}`]).toBe(below);
          }
          expect(found['punktfunk_frame_seconds_bucket{le="+Inf"}']).toBe(durationsUs.length);
          const sumUs = durationsUs.reduce((sum, us) => sum + us, 0);
          expect(found['punktfunk_frame_seconds_sum']).toBe(sumUs / 1e6);
        },
      ),
    );
  });

  test('is well formed whatever comes', () => {
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 60 }), (inputs) => {
        const counter = new MetricsCounter();
        for (const input of inputs) counter.take(input);
        expect(problemsOf(counter.text(IDLE))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});

test('docs/metrics.md holds the table of series and buckets as it is (UPDATE_EXPECT=1 rewrites it)', () => {
  const mark = '<!-- metrics -->\n';
  const [before = '', , after = ''] = readFileSync(DOC, 'utf8').split(mark);
  const rows = metricFamilies.map(({ name, type, labels, help }) => {
    const shown = type === 'counter' ? `${name}_total` : name;
    const by = labels.length === 0 ? '–' : labels.map((label) => `\`${label}\``).join(' ');
    return `| \`${shown}\` | ${type} | ${by} | ${help} |`;
  });
  const table = [
    '| series | type | labels | |',
    '|---|---|---|---|',
    ...rows,
    '',
    `Buckets of the histograms, s: ${bucketSeconds.join(' · ')} · +Inf. They do not change. Durations are whole µs, so every frame`,
    'lies in its bucket exactly.',
    '',
  ].join('\n');
  const expected = [before, table, after].join(mark);
  if (process.env['UPDATE_EXPECT'] === '1') writeFileSync(DOC, expected);
  expect(readFileSync(DOC, 'utf8')).toBe(expected);
});

function announced(session: Partial<CapturedSession> = {}): CaptureInput {
  return {
    kind: 'session',
    atNs: 0n,
    session: {
      ...{ sessionId: 1, kind: 'gamestream', width: 1280, height: 720, fps: 60, codec: 'h264' },
      ...{ client: 'ann', source: 'x11', encoder: 'openh264', bitrateKbps: 5000 },
      ...session,
    },
  };
}

function records(...frames: RawFrame[]): CaptureInput {
  return { kind: 'records', bytes: rawRecords(frames) };
}

function receiver(
  sessionId: number,
  totals: Extract<CaptureInput, { kind: 'receiver' }>['totals'],
): CaptureInput {
  return { kind: 'receiver', atNs: 0n, sessionId, totals };
}

function sent(kind: string): string {
  return `punktfunk_frames_total{kind="${kind}",outcome="sent"}`;
}

function samples(counter: MetricsCounter, host = IDLE): Record<string, number> {
  return parse(counter.text(host));
}

function parse(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** What is wrong with an exposition, by the rules of OpenMetrics that matter to a scraper. */
function problemsOf(text: string): string[] {
  const problems: string[] = [];
  if (!text.endsWith('\n# EOF\n')) problems.push('no # EOF at the end');
  const heads = new Set<string>();
  const series = new Set<string>();
  let name = '';
  let type = '';
  for (const line of text.split('\n').slice(0, -2)) {
    const head = /^# (TYPE|UNIT|HELP) (\S+) (.+)$/.exec(line);
    if (head !== null) {
      const [, what, family = '', value = ''] = head;
      if (what === 'TYPE') {
        if (heads.has(family)) problems.push(`${family} has two heads`);
        heads.add(family);
        name = family;
        type = value;
      }
      if (family !== name) problems.push(`${line} stands in ${name}`);
      if (what === 'UNIT' && !family.endsWith(`_${value}`)) problems.push(`${family} in ${value}`);
      continue;
    }
    const sample = /^([a-z_]+)(\{([a-z]+="(\\.|[^"\\])*",?)+\})? ([-+.0-9e]+)$/.exec(line);
    if (sample === null) {
      problems.push(`no sample: ${line}`);
      continue;
    }
    const suffix = (sample[1] ?? '').slice(name.length);
    const allowed = { counter: ['_total'], gauge: [''], histogram: ['_bucket', '_count', '_sum'] };
    if (!(sample[1] ?? '').startsWith(name)) problems.push(`${line} stands in ${name}`);
    if (!Object.entries(allowed).some(([t, s]) => t === type && s.includes(suffix))) {
      problems.push(`${line} is no ${type}`);
    }
    const id = line.slice(0, line.lastIndexOf(' '));
    if (series.has(id)) problems.push(`${id} twice`);
    series.add(id);
  }
  return problems;
}

const anyInput: fc.Arbitrary<CaptureInput> = fc.oneof(
  fc
    .uint8Array({ minLength: 64, maxLength: 64 })
    .map((bytes) => ({ kind: 'records', bytes }) as const),
  fc.integer({ min: 0, max: 5 }).map((sessionId) => announced({ sessionId })),
  fc.tuple(fc.nat(5), fc.nat(100)).map(([id, n]) => receiver(id, { packetsLost: n, rttUs: n })),
  fc
    .nat(5)
    .map((sessionId) => ({ kind: 'session_ended', atNs: 0n, sessionId, reason: 'x' }) as const),
);
