// The two answers that even the smallest page needs: the state of the recorder and the head of a recording.
import type { CaptureMeta, StatsStatus } from '../../contract/stats.ts';
import { fields, number, oneOf, some, text, unreadable, whole } from './fields.ts';

export function parseStatus(value: unknown): StatsStatus {
  const f = fields(value, 'status');
  if (typeof f['armed'] !== 'boolean') throw unreadable('status.armed is not true or false');
  return {
    armed: f['armed'],
    sample_count: whole(f['sample_count']),
    started_unix_ms: whole(f['started_unix_ms']),
    kind: oneOf(f['kind'], ['native', 'gamestream', ''], ''),
    ...some('now_unix_ms', number(f['now_unix_ms'])),
    ...(f['unsaved'] === true ? { unsaved: true } : {}),
  };
}

export function parseMeta(value: unknown): CaptureMeta {
  const f = fields(value, 'meta');
  if (typeof f['id'] !== 'string') throw unreadable('meta.id is missing');
  return {
    id: f['id'],
    started_unix_ms: whole(f['started_unix_ms']),
    duration_ms: whole(f['duration_ms']),
    kind: oneOf(f['kind'], ['native', 'gamestream', ''], ''),
    width: whole(f['width']),
    height: whole(f['height']),
    fps: whole(f['fps']),
    codec: oneOf(f['codec'], ['h264', 'hevc', 'av1', ''], ''),
    client: text(f['client']),
    sample_count: whole(f['sample_count']),
  };
}
