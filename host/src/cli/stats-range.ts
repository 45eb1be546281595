// Which recording, and which part of it: ids, times and sessions as the words and options of `stats` name them.
import Type from 'typebox';
import { CaptureMeta } from '../../../contract/stats.ts';
import { parseRecordingId } from '../../../recording/src/recording-id.ts';
import { AppError } from '../errors.ts';
import { type Flags, textFlag, UsageError } from './command.ts';
import type { HostApi } from './host-api.ts';

export const exportFormats = ['json', 'csv', 'parquet', 'hdr', 'trace'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** What of a recording; each undefined: all. */
export interface Part {
  readonly session: number | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

/** Throws UsageError for what names no time or session, and for an empty range. */
export function partOf(flags: Flags): Part {
  const session = textFlag(flags, 'session');
  if (session !== undefined && !/^\d{1,9}$/.test(session)) {
    throw new UsageError(`--session is "${session}"; a session is a number`);
  }
  const fromMs = timeFlag(flags, 'from');
  const toMs = timeFlag(flags, 'to');
  if (toMs !== undefined && toMs <= (fromMs ?? 0)) {
    throw new UsageError('--to must lie after --from');
  }
  return { session: session === undefined ? undefined : Number(session), fromMs, toMs };
}

/** The same for the API: begins with `?`, or is empty. */
export function partQuery(
  { session, fromMs, toMs }: Part,
  more: Readonly<Record<string, string>> = {},
): string {
  const query = new URLSearchParams(more);
  if (session !== undefined) query.set('session', String(session));
  if (fromMs !== undefined) query.set('from_ms', String(fromMs));
  if (toMs !== undefined) query.set('to_ms', String(toMs));
  return query.size === 0 ? '' : `?${query}`;
}

export function isWhole({ session, fromMs, toMs }: Part): boolean {
  return session === undefined && fromMs === undefined && toMs === undefined;
}

/** Where a recording lies in the API. Throws UsageError for what is no id. */
export function recordingPath(id: string): string {
  if (parseRecordingId(id) === undefined) throw new UsageError(`"${id}" is no id of a recording`);
  return `/stats/recordings/${id}`;
}

/** `latest` is the newest that can be read. */
export async function wanted(host: HostApi, id: string): Promise<string> {
  return id === LATEST ? (await newest(host)).id : id;
}

/** What the list says of it, with name, note, tags and star, which lie in no recording; undefined: not listed. */
export async function listed(host: HostApi, id: string): Promise<CaptureMeta | undefined> {
  if (id === LATEST) return newest(host);
  const { page } = await host.askPage<CaptureMeta[]>(
    `/stats/recordings?${new URLSearchParams({ text: id })}`,
    Type.Array(CaptureMeta),
  );
  return page.find((meta) => meta.id === id);
}

async function newest(host: HostApi): Promise<CaptureMeta> {
  const { page } = await host.askPage<CaptureMeta[]>(
    '/stats/recordings?limit=1',
    Type.Array(CaptureMeta),
  );
  const [meta] = page.filter(({ damaged }) => damaged === undefined);
  if (meta === undefined) {
    throw new AppError(404, 'recording_not_found', 'There is no recording yet.');
  }
  return meta;
}

/** `1500` is ms; `1:30`, `0:01:30.5` are minutes and hours. */
function timeFlag(flags: Flags, name: string): number | undefined {
  const text = textFlag(flags, name);
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const clock = /^(?:(\d{1,3}):)?(\d{1,4}):([0-5]?\d(?:\.\d{1,3})?)$/.exec(text);
  if (clock === null) {
    throw new UsageError(`--${name} is "${text}"; a time is 90000 (ms), 1:30 or 0:01:30.5`);
  }
  const [, hours = '0', minutes = '0', seconds = '0'] = clock;
  return Math.round((Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000);
}

const LATEST = 'latest';
