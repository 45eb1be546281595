// Which recording, and which part of it: ids, times and sessions as the words and options of `stats` name them.
import Type from 'typebox';
import { CaptureMeta } from '../../../contract/stats.ts';
import { parseRecordingId } from '../../../recording/src/recording-id.ts';
import { AppError } from '../errors.ts';
import { type CliContext, type Flags, textFlag, UsageError } from './command.ts';
import { type HostApi, hostApi } from './host-api.ts';

export const exportFormats = ['json', 'csv', 'parquet', 'hdr', 'trace'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** What of a recording; each undefined: all. */
export interface Part {
  readonly session: number | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

/** The recording that a word means, at its host. */
export interface Chosen {
  readonly host: HostApi;
  readonly id: string;
  /** In the API. */
  readonly path: string;
  /** What the list says of it, when it was looked at on the way. */
  readonly meta: CaptureMeta | undefined;
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

/**
 * What `word` means: an id, or `latest`, the newest that can be read; of the trash the one that was put there last. Throws
 * UsageError for what is neither, before anything is asked.
 */
export async function chosen(
  flags: Flags,
  context: CliContext,
  word: string,
  place: 'list' | 'trash' = 'list',
): Promise<Chosen> {
  if (parseRecordingId(word) === undefined) {
    throw new UsageError(`"${word}" is no id of a recording`);
  }
  const host = hostApi(flags, context);
  const meta = word === LATEST ? await latest[place](host) : undefined;
  const id = meta?.id ?? word;
  return { host, id, path: `/stats/recordings/${encodeURIComponent(id)}`, meta };
}

/** What the list says of it, with name, note, tags and star, which lie in no recording; undefined: not listed. */
export async function listed({ host, id, meta }: Chosen): Promise<CaptureMeta | undefined> {
  if (meta !== undefined) return meta;
  const { page } = await host.askPage<CaptureMeta[]>(
    `/stats/recordings?${new URLSearchParams({ text: id })}`,
    Type.Array(CaptureMeta),
  );
  return page.find((candidate) => candidate.id === id);
}

const latest = {
  async list(host: HostApi): Promise<CaptureMeta> {
    const { page } = await host.askPage<CaptureMeta[]>(
      '/stats/recordings?limit=1',
      Type.Array(CaptureMeta),
    );
    const meta = page.find(({ damaged }) => damaged === undefined);
    if (meta !== undefined) return meta;
    throw new AppError(404, 'recording_not_found', 'There is no recording yet.');
  },
  async trash(host: HostApi): Promise<CaptureMeta> {
    const metas = await host.ask<CaptureMeta[]>('GET', '/stats/trash', Type.Array(CaptureMeta));
    const deletedMs = ({ deleted_unix_ms = 0 }: CaptureMeta): number => deleted_unix_ms;
    const [meta] = metas.toSorted((left, right) => deletedMs(right) - deletedMs(left));
    if (meta !== undefined) return meta;
    throw new AppError(404, 'recording_not_found', 'The trash is empty.');
  },
};

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
