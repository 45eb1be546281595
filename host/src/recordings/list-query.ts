// Which recordings a list's query means, in which order, and where its next page begins. Pure.
import type { CaptureMeta } from '../../../contract/stats.ts';
import { AppError } from '../errors.ts';
import type { ListQuery, RecordingsPage } from './service.ts';

/** Where something stands in the list. */
export type Place = Pick<CaptureMeta, 'id' | 'started_unix_ms' | 'damaged'>;

/** `placeOf`: where an id stood that is no longer there. Throws AppError 422 `unknown_recording` when nobody knows. */
export function pageOf(
  metas: readonly CaptureMeta[],
  query: ListQuery,
  placeOf: (id: string) => Place | undefined,
): RecordingsPage {
  const sorted = metas.toSorted(comparePlaces);
  const begin = query.after === undefined ? 0 : firstAfter(sorted, query.after, placeOf);
  const wanted: CaptureMeta[] = [];
  for (const meta of sorted.slice(begin)) {
    if (!matches(meta, query)) continue;
    if (wanted.length === limitOf(query)) return { metas: wanted, next: wanted.at(-1)?.id };
    wanted.push(meta);
  }
  return { metas: wanted, next: undefined };
}

/** Newest first, of one second the last one first; what is damaged comes last. */
export function comparePlaces(a: Place, b: Place): number {
  return (
    Number(a.damaged !== undefined) - Number(b.damaged !== undefined) ||
    b.started_unix_ms - a.started_unix_ms ||
    ordinalOf(b.id) - ordinalOf(a.id) ||
    (a.id < b.id ? -1 : Number(a.id > b.id))
  );
}

function firstAfter(
  sorted: readonly CaptureMeta[],
  after: string,
  placeOf: (id: string) => Place | undefined,
): number {
  const at = sorted.findIndex(({ id }) => id === after);
  if (at >= 0) return at + 1;
  const place = placeOf(after) ?? placeByName(after);
  if (place === undefined) {
    throw new AppError(422, 'unknown_recording', `There is no recording to go on after: ${after}.`);
  }
  const next = sorted.findIndex((meta) => comparePlaces(meta, place) > 0);
  return next < 0 ? sorted.length : next;
}

/** Our ids begin with the second of their start; those of the same second come again rather than not at all. */
function placeByName(id: string): Place | undefined {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z/.exec(id);
  if (found === null) return undefined;
  const [, date, hours, minutes, seconds] = found;
  const startedUnixMs = Date.parse(`${date}T${hours}:${minutes}:${seconds}.999Z`);
  return Number.isNaN(startedUnixMs) ? undefined : { started_unix_ms: startedUnixMs, id };
}

function matches(meta: CaptureMeta, query: ListQuery): boolean {
  const narrowed =
    query.kind !== undefined ||
    query.tag !== undefined ||
    query.starred !== undefined ||
    query.fromUnixMs !== undefined ||
    query.toUnixMs !== undefined;
  // Nothing is known of it that a filter could ask for.
  if (meta.damaged !== undefined && narrowed) return false;
  return (
    (query.kind === undefined || meta.kind === query.kind) &&
    (query.tag === undefined || (meta.tags?.includes(query.tag) ?? false)) &&
    (query.starred === undefined || (meta.starred ?? false) === query.starred) &&
    (query.fromUnixMs === undefined || meta.started_unix_ms >= query.fromUnixMs) &&
    (query.toUnixMs === undefined || meta.started_unix_ms < query.toUnixMs) &&
    (query.text === undefined || mentions(meta, query.text.toLowerCase()))
  );
}

function mentions(meta: CaptureMeta, text: string): boolean {
  const { id, name, note, client, tags, damaged } = meta;
  const texts = [id, name, note, client, damaged?.file, ...(tags ?? [])];
  return texts.some((candidate) => candidate?.toLowerCase().includes(text) ?? false);
}

/** 2 for the second recording of one second. */
function ordinalOf(id: string): number {
  return Number(/Z-(\d+)_/.exec(id)?.[1] ?? 1);
}

function limitOf({ limit }: ListQuery): number {
  return limit === undefined ? Number.POSITIVE_INFINITY : Math.min(Math.max(1, limit), MAX_LIMIT);
}

const MAX_LIMIT = 1000;
