// Finishes the recordings of hosts that ended badly, from their journals. Repeats what was recorded in the order in which
// it came and saves it like a stop does; whatever step the end came at, one recording comes out. In slices, because the
// frames of streams that run already must be read meanwhile. What cannot be read is set aside and told.
import { join } from 'node:path';
import { CaptureBuilder, type CaptureStart } from '../../../recording/src/capture.ts';
import { FormatError } from '../../../recording/src/format-error.ts';
import { FrameBatch } from '../../../recording/src/frames.ts';
import { FramesFile } from '../../../recording/src/frames-file.ts';
import { encodeFooter, encodeGroup } from '../../../recording/src/frames-writer.ts';
import type { SmallInput } from '../../../recording/src/inputs.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Disk } from './disk.ts';
import { ownerOf } from './folder.ts';
import { endOf, GrowingFrames } from './growing-frames.ts';
import {
  Journal,
  JournalBusy,
  JournalDamaged,
  type JournaledGroup,
  removeJournal,
} from './journal.ts';
import {
  framesPath,
  GROWING_SUFFIX,
  JOURNAL_SUFFIX,
  journalPath,
  type RecordingFiles,
  TRASH,
} from './saving.ts';

export interface RecoveryOptions {
  readonly disk: Disk;
  /** captures/ */
  readonly folder: string;
  readonly files: RecordingFiles;
  readonly log: Log;
}

/** A recording that an earlier run could not finish. */
export interface RecoveredRun {
  readonly id: string;
  readonly startedUnixMs: number;
  readonly seenUnixMs: number;
}

/** A file that stays where it is, and why nothing could be made of it. */
export interface DamagedFile {
  readonly file: string;
  readonly reason: string;
}

export interface Recovery {
  readonly recovered: readonly RecoveredRun[];
  readonly damaged: readonly DamagedFile[];
}

/** Every journal that nobody writes any more. Yields where somebody else may have a turn. Throws only when the folder cannot be listed. */
export function* recover(options: RecoveryOptions): Generator<void, Recovery> {
  const { disk, folder, log } = options;
  const recovered: RecoveredRun[] = [];
  const damaged: DamagedFile[] = knownDamage(disk, folder);
  const names = disk.list(folder);
  for (const stem of stemsOf(names, JOURNAL_SUFFIX)) {
    try {
      const run = yield* recoverOne(options, stem, (file, reason) => {
        damaged.push({ file, reason });
        setAside(options, stem, file, reason);
      });
      if (run === undefined) continue;
      recovered.push(run);
      log.warn('a recording of a run that ended badly was finished', { id: run.id });
    } catch (error) {
      if (error instanceof JournalBusy) continue;
      const reason = reasonOf(error);
      const file = `.${stem}${JOURNAL_SUFFIX}`;
      damaged.push({ file, reason: `not finished yet, the next start tries again: ${reason}` });
      log.error('a recording of a run that ended badly could not be finished', { file, reason });
    }
    yield;
  }
  sweep(options, names, damaged);
  return { recovered, damaged };
}

/** `broken`: takes a file that cannot be used. Undefined when there was nothing to finish. */
function* recoverOne(
  options: RecoveryOptions,
  stem: string,
  broken: (file: string, reason: string) => void,
): Generator<void, RecoveredRun | undefined> {
  const { disk, folder } = options;
  const path = journalPath(folder, stem);
  let journal: Journal | undefined;
  try {
    journal = Journal.open(disk, path);
    const start = journal.start();
    const run =
      start === undefined || isSaved(options, stem)
        ? undefined
        : yield* finish(options, journal, start, broken);
    journal.close();
    removeJournal(disk, path);
    disk.remove(framesPath(folder, stem));
    return run;
  } catch (error) {
    journal?.close();
    if (!(error instanceof JournalDamaged)) throw error;
    broken(`.${stem}${JOURNAL_SUFFIX}`, error.message);
    if (disk.identity(framesPath(folder, stem)) !== undefined) {
      broken(`.${stem}${GROWING_SUFFIX}`, 'the journal that belongs to it is damaged');
    }
    return undefined;
  }
}

function* finish(
  { disk, folder, files }: RecoveryOptions,
  journal: Journal,
  start: CaptureStart,
  broken: (file: string, reason: string) => void,
): Generator<void, RecoveredRun> {
  const path = framesPath(folder, start.stem);
  bringBack(disk, folder, start.stem, path);
  let groups = journal.groups();
  let replayed: Replayed;
  try {
    replayed = yield* replay(disk, journal, start, groups, path);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    broken(`.${start.stem}${GROWING_SUFFIX}`, error.message);
    groups = [];
    replayed = yield* replay(disk, journal, start, groups, path);
  }
  const { builder, tail } = replayed;
  const saved = groups.map((group) => group.saved);
  const frames = new GrowingFrames(disk, path, saved.length === 0 ? 0 : endOf(saved));
  try {
    for (const batch of tail) {
      const { bytes, group } = encodeGroup(batch, endOf(saved));
      frames.append(bytes, group);
      saved.push(group);
      yield;
    }
    const seenNs = journal.seenNs();
    const { meta, text } = builder.finish(start.armedNs + BigInt(seenNs), {
      recovered: true,
      frameCount: saved.reduce((sum, { rows }) => sum + rows, 0),
    });
    files.saveGrown({ meta, text, frames, groups: saved, name: start.name });
    const seenUnixMs = start.startedUnixMs + Math.round(seenNs / 1e6);
    return { id: meta.id, startedUnixMs: start.startedUnixMs, seenUnixMs };
  } finally {
    frames.close();
  }
}

interface Replayed {
  readonly builder: CaptureBuilder;
  /** Frames that lie in no group yet. */
  readonly tail: readonly FrameBatch[];
}

function* replay(
  disk: Disk,
  journal: Journal,
  start: CaptureStart,
  groups: readonly JournaledGroup[],
  path: string,
): Generator<void, Replayed> {
  const builder = new CaptureBuilder(start);
  let fromSeq = 1;
  if (groups.length > 0) {
    const file = openGroups(disk, path, start, groups);
    try {
      for (const [i, { toSeq }] of groups.entries()) {
        const inputs = [...journal.inputs(fromSeq, toSeq)].map(({ input }) => input);
        replayGroup(builder, file.frames.read(i), inputs, start.armedNs);
        fromSeq = toSeq + 1;
        builder.deltas();
        yield;
      }
    } finally {
      file.close();
    }
  }
  const tail: FrameBatch[] = [];
  const take = (accepted: FrameBatch | undefined): void => {
    if (accepted !== undefined) tail.push(accepted);
  };
  const inputs = journal.inputs(fromSeq, Number.MAX_SAFE_INTEGER);
  let next = inputs.next();
  let polledNs: number | undefined;
  for (const { seq, atNs, bytes } of journal.records()) {
    for (; next.done !== true && next.value.seq < seq; next = inputs.next()) {
      take(builder.take(next.value.input));
    }
    // Windows were closed once a poll, after all that it had read; a past that was taken along came in one.
    if (polledNs !== undefined && atNs > polledNs) {
      builder.advance(start.armedNs + BigInt(polledNs));
      builder.deltas();
    }
    polledNs = atNs;
    take(builder.take({ kind: 'records', bytes }));
  }
  for (; next.done !== true; next = inputs.next()) take(builder.take(next.value.input));
  return { builder, tail: inGroups(tail) };
}

/** A minute's frames and what else came in it: the frames' own order of arrival is lost, so time decides. */
function replayGroup(
  builder: CaptureBuilder,
  batch: FrameBatch,
  inputs: readonly SmallInput[],
  armedNs: bigint,
): void {
  const order = Uint32Array.from({ length: batch.length }, (_, row) => row);
  const { grabbed_us } = batch;
  order.sort((a, b) => (grabbed_us[a] ?? 0) - (grabbed_us[b] ?? 0));
  let done = 0;
  const feed = (untilUs: number): void => {
    let end = done;
    while (end < order.length && (grabbed_us[order[end] ?? 0] ?? 0) <= untilUs) end += 1;
    if (end === done) return;
    const lastUs = grabbed_us[order[end - 1] ?? 0] ?? 0;
    builder.frames(batch.pick(order.subarray(done, end)));
    builder.advance(armedNs + BigInt(Math.floor(lastUs * 1000)));
    done = end;
  };
  let fedUs = Number.NEGATIVE_INFINITY;
  for (const input of inputs) {
    const atUs = Number(input.atNs - armedNs) / 1000;
    if (input.kind === 'session_ended' || atUs - fedUs >= SLICE_US) {
      feed(atUs);
      fedUs = atUs;
    }
    builder.take(input);
  }
  feed(Number.POSITIVE_INFINITY);
}

/** The groups that the journal knows of, as a file that ends after them. Throws FormatError when they are not there. */
function openGroups(
  disk: Disk,
  path: string,
  start: CaptureStart,
  groups: readonly JournaledGroup[],
): { readonly frames: FramesFile; close(): void } {
  if (disk.identity(path) === undefined) throw new FormatError('it is missing');
  const saved = groups.map((group) => group.saved);
  const end = endOf(saved);
  const footer = encodeFooter(saved, { recordingId: '', startedUnixMs: start.startedUnixMs }, end);
  const file = disk.open(path);
  try {
    const size = disk.size(file);
    if (size < end) throw new FormatError(`it ends at byte ${size} of ${end}`);
    const frames = FramesFile.open({
      byteLength: end + footer.byteLength,
      read(from, to) {
        const bytes = new Uint8Array(to - from);
        if (from < end) disk.read(file, bytes.subarray(0, Math.min(to, end) - from), from);
        if (to > end)
          bytes.set(footer.subarray(Math.max(0, from - end), to - end), Math.max(0, end - from));
        return bytes;
      },
    });
    return { frames, close: () => disk.close(file) };
  } catch (error) {
    disk.close(file);
    throw error;
  }
}

/** Not more rows in a group than encoding may take time for. */
function inGroups(batches: readonly FrameBatch[]): FrameBatch[] {
  const groups: FrameBatch[][] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const batch of batches) {
    if (rows + batch.length > GROUP_ROWS) {
      groups.push([]);
      rows = 0;
    }
    groups.at(-1)?.push(batch);
    rows += batch.length;
  }
  return groups.map((group) => FrameBatch.concat(group));
}

/** The end came after the frames had got their name and before the recording was there: they take their old one. */
function bringBack(disk: Disk, folder: string, stem: string, path: string): void {
  if (disk.identity(path) !== undefined) return;
  const name = disk
    .list(folder)
    .find((name) => name.startsWith(`${stem}_`) && ownerOf(name)?.part === 'frames');
  if (name !== undefined) disk.rename(join(folder, name), path);
}

/** The recording is there, also in the trash: only its journal was left. */
function isSaved({ disk, folder }: RecoveryOptions, stem: string): boolean {
  const ofIt = (name: string): boolean =>
    name.startsWith(`${stem}_`) && ownerOf(name)?.part === 'json';
  return [folder, join(folder, TRASH)].some((place) => disk.list(place).some(ofIt));
}

/** Keeps a file that cannot be read out of the way of every later start; the reason lies beside it. */
function setAside(
  { disk, folder, log }: RecoveryOptions,
  stem: string,
  file: string,
  reason: string,
): void {
  log.error('a file of a run that ended badly cannot be read', { file, reason });
  try {
    const path = join(folder, file);
    disk.remove(`${path}${DAMAGED_SUFFIX}.json`);
    disk.writeFile(`${path}${DAMAGED_SUFFIX}.json`, JSON.stringify({ file, reason }));
    for (const part of ['-wal', '-shm', '']) {
      if (disk.identity(`${path}${part}`) === undefined) continue;
      disk.rename(`${path}${part}`, `${path}${DAMAGED_SUFFIX}${part}`);
    }
  } catch (error) {
    log.warn('it could not be set aside', { stem, reason: reasonOf(error) });
  }
}

/** What earlier starts set aside. */
function knownDamage(disk: Disk, folder: string): DamagedFile[] {
  return disk.list(folder).flatMap((name) => {
    if (!name.startsWith('.') || !name.endsWith(`${DAMAGED_SUFFIX}.json`)) return [];
    const file = name.slice(0, -`${DAMAGED_SUFFIX}.json`.length);
    if (disk.identity(join(folder, `${file}${DAMAGED_SUFFIX}`)) === undefined) return [];
    return [{ file, reason: noted(disk, join(folder, name)) }];
  });
}

function noted(disk: Disk, path: string): string {
  try {
    const file = disk.open(path);
    try {
      const bytes = new Uint8Array(Math.min(disk.size(file), MOST_REASON_BYTES));
      disk.read(file, bytes, 0);
      const data: unknown = JSON.parse(new TextDecoder().decode(bytes));
      if (typeof data === 'object' && data !== null && 'reason' in data) return String(data.reason);
    } finally {
      disk.close(file);
    }
  } catch {
    // Only the note is lost: the file is still told of.
  }
  return 'set aside by an earlier start';
}

/** What is left when the end came in the middle of taking a journal away. */
function sweep(
  { disk, folder, log }: RecoveryOptions,
  names: string[],
  damaged: DamagedFile[],
): void {
  const alive = new Set(names);
  for (const name of names) {
    const [, owner] = /^(\..+\.journal)(?:-wal|-shm|-journal|\.new)$/.exec(name) ?? [];
    if (owner === undefined || alive.has(owner)) continue;
    try {
      disk.remove(join(folder, name));
    } catch (error) {
      log.warn('a leftover could not be removed', { name, reason: reasonOf(error) });
    }
  }
  for (const stem of stemsOf(names, GROWING_SUFFIX)) {
    if (alive.has(`.${stem}${JOURNAL_SUFFIX}`)) continue;
    const file = `.${stem}${GROWING_SUFFIX}`;
    damaged.push({ file, reason: 'frames without the journal that belongs to them' });
  }
}

function stemsOf(names: readonly string[], suffix: string): string[] {
  return names
    .filter((name) => name.startsWith('.') && name.endsWith(suffix))
    .map((name) => name.slice(1, -suffix.length));
}

const DAMAGED_SUFFIX = '.damaged';
/** A window is closed a quarter of a second after its end: what is repeated in smaller steps closes the same way. */
const SLICE_US = 250_000;
const GROUP_ROWS = 60_000;
const MOST_REASON_BYTES = 4096;
