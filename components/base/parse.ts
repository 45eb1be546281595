// Answers of a host, checked by hand (no schema library in a browser bundle). What is not a finite number ≥ 0 becomes
// absent (NaN where the schema demands a number: drawn as a gap, written as a dash), unknown stages and fields are left
// out, and only what nothing can be drawn without is refused.
import type { HostInfo } from '../../contract/host.ts';
import type {
  Capture,
  CaptureMeta,
  StageName,
  StageTiming,
  StatsSample,
} from '../../contract/stats.ts';
import type { TestStreamReport, TestStreamState } from '../../contract/test-streams.ts';
import {
  asFields,
  type Fields,
  fields,
  number,
  oneOf,
  some,
  text,
  unreadable,
  whole,
} from './fields.ts';
import { sessionOf } from './parse-host.ts';
import { parseEvents, parseFullMeta, parseHostFacts } from './parse-recorder.ts';
import { parseRecorderFigures, parseSession } from './parse-session.ts';
import type { CaptureNews } from './stats-api.ts';

export const STAGES: readonly StageName[] = ['capture', 'submit', 'encode', 'packetize', 'send'];

export function parseMetas(value: unknown): readonly CaptureMeta[] {
  if (!Array.isArray(value)) throw unreadable('the list of recordings is not a list');
  return value.filter((one) => typeof asFields(one)?.['id'] === 'string').map(parseFullMeta);
}

export function parseCapture(value: unknown): Capture {
  const f = fields(value, 'capture');
  const samples = f['samples'];
  if (!Array.isArray(samples)) throw unreadable('capture.samples is not a list');
  const sessions = f['sessions'];
  const events = f['events'];
  const host = parseHostFacts(f['host']);
  const recorder = parseRecorderFigures(f['recorder']);
  return {
    meta: parseFullMeta(f['meta']),
    samples: samples.flatMap(parseSample),
    ...some('version', number(f['version'])),
    ...(Array.isArray(sessions) ? { sessions: sessions.flatMap(parseSession) } : {}),
    ...(host === undefined ? {} : { host }),
    ...(recorder === undefined ? {} : { recorder }),
    ...some('pre_roll_ms', number(f['pre_roll_ms'])),
    ...(f['truncated'] === true ? { truncated: true } : {}),
    ...some('records_lost', number(f['records_lost'])),
    ...(Array.isArray(events) ? { events: parseEvents(events) } : {}),
  };
}

/** Undefined for a kind of a newer version, and for what says nothing. */
export function parseNews(value: unknown): CaptureNews | undefined {
  const f = fields(value, 'news of the capture');
  switch (f['kind']) {
    case 'reset':
      return { kind: 'reset' };
    case 'started':
      return { kind: 'started', started_unix_ms: whole(f['started_unix_ms']) };
    case 'stopped':
      return { kind: 'stopped', ...(typeof f['id'] === 'string' ? { id: f['id'] } : {}) };
    case 'session': {
      const [session] = parseSession(f['session']);
      return session === undefined ? undefined : { kind: 'session', session };
    }
    case 'sample': {
      const [sample] = parseSample(f['sample']);
      return sample === undefined ? undefined : { kind: 'sample', sample };
    }
    case 'event': {
      const [event] = parseEvents([f['event']]);
      return event === undefined ? undefined : { kind: 'event', event };
    }
    case 'bounds':
      return {
        kind: 'bounds',
        truncated: f['truncated'] === true,
        events_lost: whole(f['events_lost']),
      };
    default:
      return undefined;
  }
}

function parseSample(value: unknown): readonly StatsSample[] {
  const f = asFields(value);
  const t_ms = number(f?.['t_ms']);
  if (f === undefined || t_ms === undefined) return [];
  const stages = f['stages'];
  const sample: StatsSample = {
    t_ms,
    session_id: whole(f['session_id']),
    stages: Array.isArray(stages) ? inOrder(stages.flatMap(parseStage)) : [],
    fps: number(f['fps']) ?? Number.NaN,
    repeat_fps: number(f['repeat_fps']) ?? Number.NaN,
    mbps: number(f['mbps']) ?? Number.NaN,
    bitrate_kbps: number(f['bitrate_kbps']) ?? Number.NaN,
  };
  for (const name of OPTIONAL) {
    const found = number(f[name]);
    if (found !== undefined) sample[name] = found;
  }
  const slowest = [...STAGES, 'other' as const].find((stage) => stage === f['total_max_stage']);
  if (slowest !== undefined) sample.total_max_stage = slowest;
  return [sample];
}

const OPTIONAL = [
  'frames_dropped',
  'packets_dropped',
  'send_dropped',
  'fec_recovered',
  'source_skipped',
  'window_ms',
  'frames',
  'total_p50_us',
  'total_p99_us',
  'total_max_us',
  'frames_late',
] as const satisfies readonly (keyof StatsSample)[];

function parseStage(value: unknown): readonly StageTiming[] {
  const f = asFields(value);
  const name = STAGES.find((stage) => stage === f?.['name']);
  const p50_us = number(f?.['p50_us']);
  const p99_us = number(f?.['p99_us']);
  if (name === undefined || p50_us === undefined || p99_us === undefined) return [];
  const max_us = number(f?.['max_us']);
  return [{ name, p50_us, p99_us, ...(max_us === undefined ? {} : { max_us }) }];
}

const inOrder = (stages: StageTiming[]): StageTiming[] =>
  stages.sort((a, b) => STAGES.indexOf(a.name) - STAGES.indexOf(b.name));

export function parseHostInfo(value: unknown): HostInfo {
  const f = fields(value, 'host');
  const engine = asFields(f['engine']);
  const kept = asFields(f['recordings_kept']);
  const sessions = f['sessions'];
  return {
    name: text(f['name']),
    version: text(f['version']),
    started_unix_ms: whole(f['started_unix_ms']),
    now_unix_ms: whole(f['now_unix_ms']),
    gamestream_port: whole(f['gamestream_port']),
    engine: { abi: whole(engine?.['abi']), version: text(engine?.['version']) },
    sessions: Array.isArray(sessions) ? sessions.flatMap(sessionOf) : [],
    ...(kept === undefined
      ? {}
      : {
          recordings_kept: {
            count: whole(kept['count']),
            days: whole(kept['days']),
            bytes: whole(kept['bytes']),
          },
        }),
  };
}

export function parseTestStream(value: unknown): TestStreamState {
  const f = fields(value, 'test stream');
  const report = asFields(f['report']);
  return {
    state: oneOf(f['state'], ['idle', 'starting', 'running', 'done', 'failed'], 'idle'),
    ...some('elapsed_s', number(f['elapsed_s'])),
    ...some('seconds', number(f['seconds'])),
    ...some('session_id', number(f['session_id'])),
    ...(typeof f['error'] === 'string' ? { error: f['error'] } : {}),
    ...(typeof f['code'] === 'string' ? { code: f['code'] } : {}),
    ...(report === undefined ? {} : { report: parseReport(report) }),
  };
}

function parseReport(f: Fields): TestStreamReport {
  const stages: TestStreamReport['stages'] = {};
  for (const [name, quantiles] of Object.entries(asFields(f['stages']) ?? {})) {
    const q = asFields(quantiles);
    const p50_us = number(q?.['p50_us']);
    const p99_us = number(q?.['p99_us']);
    if (p50_us !== undefined && p99_us !== undefined) stages[name] = { p50_us, p99_us };
  }
  const problems = f['problems'];
  return {
    source: text(f['source']),
    mode: text(f['mode']),
    codec: text(f['codec']),
    seconds: whole(f['seconds']),
    frames_sent: whole(f['frames_sent']),
    frames_received: whole(f['frames_received']),
    frames_recovered: whole(f['frames_recovered']),
    frames_lost: whole(f['frames_lost']),
    packets_sent: whole(f['packets_sent']),
    packets_lost: whole(f['packets_lost']),
    packets_recovered: whole(f['packets_recovered']),
    bytes: whole(f['bytes']),
    stages,
    ok: f['ok'] === true,
    ...(Array.isArray(problems) ? { problems: problems.filter((p) => typeof p === 'string') } : {}),
    ...some('frames_new', number(f['frames_new'])),
    ...some('frames_repeated', number(f['frames_repeated'])),
    ...some('source_pictures', number(f['source_pictures'])),
    ...some('source_skipped', number(f['source_skipped'])),
    ...some('key_frames', number(f['key_frames'])),
    ...some('invalidations_answered', number(f['invalidations_answered'])),
  };
}
