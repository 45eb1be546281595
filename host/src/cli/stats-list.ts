// `stats list` and `stats trash`: recordings as a table that fits the terminal, or as JSON.
import Type from 'typebox';
import { CaptureMeta, StreamKind } from '../../../contract/stats.ts';
import {
  type CliContext,
  type ExitCode,
  exitCode,
  type Flags,
  numberFlag,
  textFlag,
  textsFlag,
  UsageError,
} from './command.ts';
import { type HostApi, hostApi } from './host-api.ts';
import {
  ago,
  byteText,
  clockText,
  columnsOf,
  fitted,
  jsonText,
  plain,
  tableText,
} from './output.ts';

interface Listing {
  readonly metas: readonly CaptureMeta[];
  readonly more: boolean;
}

export async function listRecordings(flags: Flags, context: CliContext): Promise<ExitCode> {
  const filters = filtersOf(flags, Date.now());
  const { all, most } = countOf(flags);
  const { metas, more } = await saved(hostApi(flags, context), filters, all ? undefined : most);
  print(
    flags,
    context,
    { metas, more },
    {
      heading: ['ID', 'LENGTH', 'FRAMES', 'SIZE', 'NAME'],
      none: filters.size === 0 ? 'No recordings.' : 'No recording is like that.',
      cells: (meta) => [
        meta.id,
        clockText(meta.duration_ms),
        meta.frame_count === undefined ? '–' : String(meta.frame_count),
        sizeText(meta),
      ],
    },
  );
  return exitCode.ok;
}

export async function listTrash(flags: Flags, context: CliContext): Promise<ExitCode> {
  const { all, most } = countOf(flags);
  const host = hostApi(flags, context);
  const metas = await host.ask<CaptureMeta[]>('GET', '/stats/trash', Type.Array(CaptureMeta));
  const nowUnixMs = Date.now();
  const listing = { metas: all ? metas : metas.slice(0, most), more: !all && metas.length > most };
  print(flags, context, listing, {
    heading: ['ID', 'LENGTH', 'SIZE', 'DELETED', 'NAME'],
    none: 'The trash is empty.',
    cells: (meta) => [
      meta.id,
      clockText(meta.duration_ms),
      sizeText(meta),
      ago(meta.deleted_unix_ms, nowUnixMs),
    ],
  });
  return exitCode.ok;
}

/** Star, name and tags in so many columns. Of both too long, tags keep half; a nameless one says how it came to be. */
export function nameText(meta: CaptureMeta, width: number): string {
  const { name, tags = [], starred, trigger, recovered } = meta;
  const made =
    trigger !== undefined ? `(black box: ${trigger})` : recovered === true ? '(recovered)' : '';
  const head = plain([...(starred === true ? ['★'] : []), name ?? made].filter(Boolean).join(' '));
  const tail = plain(tags.map((tag) => `#${tag}`).join(' '));
  if (head === '' || tail === '') return fitted(head + tail, width);
  const left = Math.max(width - Bun.stringWidth(head) - 1, Math.floor(width / 2));
  const fittedTail = fitted(tail, left);
  return `${fitted(head, width - Bun.stringWidth(fittedTail) - 1)} ${fittedTail}`;
}

function print(
  flags: Flags,
  context: CliContext,
  { metas, more }: Listing,
  table: {
    readonly heading: readonly string[];
    readonly none: string;
    /** All but the name, which gets what is left of the line. */
    readonly cells: (meta: CaptureMeta) => readonly string[];
  },
): void {
  if (flags['json'] === true) context.out(jsonText(metas));
  else {
    const damaged = metas.flatMap((meta) => (meta.damaged === undefined ? [] : [meta.damaged]));
    const readable = metas.filter((meta) => meta.damaged === undefined);
    const rows = readable.map((meta) => ({ meta, cells: table.cells(meta) }));
    const widths = table.heading
      .slice(0, -1)
      .map((word, i) =>
        Math.max(word.length, ...rows.map(({ cells }) => Bun.stringWidth(cells[i] ?? ''))),
      );
    const taken = widths.reduce((sum, width) => sum + width + GAP, 0);
    const room = Math.max(LEAST_NAME, columnsOf(context) - taken);
    const full = rows.map(({ meta, cells }) => [...cells, nameText(meta, room)]);
    if (full.length > 0 || damaged.length === 0) {
      context.out(tableText(context, table.heading, full, table.none));
    }
    for (const { file, reason } of damaged) {
      context.out(`Cannot be read: ${plain(file)}: ${plain(reason)}\n`);
    }
  }
  if (more && flags['quiet'] !== true) {
    context.err('There are more; --all lists them, --limit so many.\n');
  }
}

/** Page by page until there are `most`, or no more. */
async function saved(
  host: HostApi,
  filters: URLSearchParams,
  most: number | undefined,
): Promise<Listing> {
  const metas: CaptureMeta[] = [];
  let after: string | undefined;
  do {
    const query = new URLSearchParams([['limit', String(most ?? PAGE)], ...filters]);
    if (after !== undefined) query.set('after', after);
    const { page, next } = await host.askPage<CaptureMeta[]>(
      `/stats/recordings?${query}`,
      Type.Array(CaptureMeta),
    );
    metas.push(...page);
    // A host that hands out the same place again would keep us here for ever.
    after = next === after ? undefined : next;
  } while (most === undefined && after !== undefined);
  return { metas, more: after !== undefined };
}

function countOf(flags: Flags): { readonly all: boolean; readonly most: number } {
  const all = flags['all'] === true;
  if (all && flags['limit'] !== undefined) {
    throw new UsageError('--all and --limit exclude each other');
  }
  const most = numberFlag(flags, 'limit', { least: 1, most: 1000, otherwise: 20 });
  if (!Number.isInteger(most)) throw new UsageError('--limit is a whole number');
  return { all, most };
}

/** As the API takes them. */
function filtersOf(flags: Flags, nowUnixMs: number): URLSearchParams {
  const filters = new URLSearchParams();
  const [tag, another] = textsFlag(flags, 'tag');
  if (another !== undefined) throw new UsageError('list takes one --tag');
  if (tag !== undefined) filters.set('tag', tag);
  const text = textFlag(flags, 'text');
  if (text !== undefined) filters.set('text', text);
  const kind = textFlag(flags, 'kind');
  if (kind !== undefined) {
    if (!streamKinds.some((known) => known === kind)) {
      throw new UsageError(`--kind is "${kind}"; it must be ${streamKinds.join(' or ')}`);
    }
    filters.set('kind', kind);
  }
  if (flags['starred'] === true) filters.set('starred', 'true');
  const since = momentFlag(flags, 'since', nowUnixMs);
  if (since !== undefined) filters.set('from_unix_ms', String(since));
  const until = momentFlag(flags, 'until', nowUnixMs);
  if (until !== undefined) filters.set('to_unix_ms', String(until));
  return filters;
}

/** `3d`, `12h`, `30m` ago; or a date, with a time or without, in UTC as ids have it. */
function momentFlag(flags: Flags, name: string, nowUnixMs: number): number | undefined {
  const text = textFlag(flags, name);
  if (text === undefined) return undefined;
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) {
    return Math.max(0, nowUnixMs - Number(count) * (UNIT_MS[unit] ?? 0));
  }
  const [, date, time = '00:00'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)Z?)?$/.exec(text) ?? [];
  const unixMs = date === undefined ? Number.NaN : Date.parse(`${date}T${time}Z`);
  if (!(unixMs >= 0)) {
    throw new UsageError(
      `--${name} is "${text}"; it is 30m, 12h or 3d ago, 2026-06-26 or 2026-06-26T20:14 (UTC)`,
    );
  }
  return unixMs;
}

function sizeText({ bytes }: CaptureMeta): string {
  return bytes === undefined ? '–' : byteText(bytes);
}

export const streamKinds = StreamKind.anyOf.map((literal) => literal.const);
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const PAGE = 500;
/** Between the columns of a table. */
const GAP = 2;
/** A name is told this much of, however narrow the terminal is. */
const LEAST_NAME = 12;
