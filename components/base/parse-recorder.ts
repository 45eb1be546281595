// What a page with recordings needs beyond the smallest one: black box and last run in the recorder's state, what people
// added to a recording, events. Checked by hand, like parse.ts; what is not as it should be becomes absent.
import type {
  BlackBoxStatus,
  CaptureEvent,
  CaptureMeta,
  HostFacts,
  LastRun,
  StatsStatus,
} from '../../contract/stats.ts';
import {
  asFields,
  type Fields,
  fields,
  number,
  redactedOf,
  some,
  text,
  unreadable,
  whole,
} from './fields.ts';
import { parseMeta, parseStatus } from './parse-status.ts';

export function parseFullStatus(value: unknown): StatsStatus {
  const f = fields(value, 'status');
  const blackBox = asFields(f['black_box']);
  const lastRun = asFields(f['last_run']);
  return {
    ...parseStatus(value),
    ...words(f, 'fault'),
    ...(blackBox === undefined ? {} : { black_box: parseBlackBox(blackBox) }),
    ...(lastRun === undefined ? {} : { last_run: parseLastRun(lastRun) }),
  };
}

export function parseFullMeta(value: unknown): CaptureMeta {
  const f = fields(value, 'meta');
  const damaged = asFields(f['damaged']);
  const tags = f['tags'];
  return {
    ...parseMeta(value),
    ...words(f, 'name'),
    ...words(f, 'note'),
    ...words(f, 'trigger'),
    ...(Array.isArray(tags) ? { tags: tags.filter((tag) => typeof tag === 'string') } : {}),
    ...(f['starred'] === true ? { starred: true } : {}),
    ...(f['recovered'] === true ? { recovered: true } : {}),
    ...some('frame_count', number(f['frame_count'])),
    ...some('bytes', number(f['bytes'])),
    ...some('deleted_unix_ms', number(f['deleted_unix_ms'])),
    ...redactedOf(f),
    ...(damaged === undefined
      ? {}
      : { damaged: { file: text(damaged['file']), reason: text(damaged['reason']) } }),
  };
}

export function parseEvent(value: unknown): CaptureEvent {
  const [event] = parseEvents([value]);
  if (event === undefined) throw unreadable('the event has no time or kind');
  return event;
}

export function parseEvents(value: readonly unknown[]): CaptureEvent[] {
  return value.flatMap((one) => {
    const f = asFields(one);
    const t_ms = number(f?.['t_ms']);
    if (f === undefined || t_ms === undefined || typeof f['kind'] !== 'string') return [];
    const detail = Object.entries(asFields(f['detail']) ?? {}).filter(
      (entry): entry is [string, string | number | boolean] =>
        ['string', 'number', 'boolean'].includes(typeof entry[1]),
    );
    return [
      {
        t_ms,
        kind: f['kind'],
        ...some('session_id', number(f['session_id'])),
        ...some('frame', number(f['frame'])),
        ...(detail.length === 0 ? {} : { detail: Object.fromEntries(detail) }),
        ...redactedOf(f),
      },
    ];
  });
}

/** Undefined without a version: then it is no word about a machine. */
export function parseHostFacts(value: unknown): HostFacts | undefined {
  const f = asFields(value);
  if (f === undefined || typeof f['version'] !== 'string') return undefined;
  return {
    version: f['version'],
    ...words(f, 'kernel'),
    ...words(f, 'os'),
    ...words(f, 'cpu'),
    ...some('cpus', number(f['cpus'])),
    ...some('memory_mb', number(f['memory_mb'])),
    ...redactedOf(f),
  };
}

function parseBlackBox(f: Fields): BlackBoxStatus {
  return {
    on: f['on'] === true,
    seconds: whole(f['seconds']),
    frames: whole(f['frames']),
    bytes: whole(f['bytes']),
    limit_bytes: whole(f['limit_bytes']),
    limit_s: whole(f['limit_s']),
    saved: whole(f['saved']),
    held_back: whole(f['held_back']),
    ...words(f, 'last_trigger'),
    ...some('last_saved_unix_ms', number(f['last_saved_unix_ms'])),
    ...words(f, 'last_id'),
    ...words(f, 'fault'),
  };
}

function parseLastRun(f: Fields): LastRun {
  const ids = f['recovered_ids'];
  return {
    started_unix_ms: whole(f['started_unix_ms']),
    last_seen_unix_ms: whole(f['last_seen_unix_ms']),
    ...words(f, 'version'),
    seconds: whole(f['seconds']),
    recovered_ids: Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [],
    ...words(f, 'saved_id'),
  };
}

function words<K extends string>(f: Fields, key: K): { [P in K]?: string } {
  const out: { [P in K]?: string } = {};
  const value = f[key];
  if (typeof value === 'string' && value !== '') out[key] = value;
  return out;
}
