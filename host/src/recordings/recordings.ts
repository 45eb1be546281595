// The recorder, the recordings and what is made of them, in this thread: behind the Worker's messages, and by itself for
// the command line and tests. Waits for recovery where an answer depends on it, and for nothing else.
import type { LiveDelta } from '../../../contract/stats.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Downloads } from './downloads.ts';
import type { Recorder } from './recorder.ts';
import type { DamagedFile, Recovery } from './recovery.ts';
import type { RecordingFiles } from './saving.ts';
import type { ListQuery, RecordingsPage, RecordingsService } from './service.ts';

type Kept = 'list' | 'open' | 'change' | 'remove' | 'trash' | 'restore' | 'import';

/** The recordings that are there: store.ts. */
export type RecordingLibrary = {
  [M in Kept]: (
    ...args: Parameters<RecordingsService[M]>
  ) => Awaited<ReturnType<RecordingsService[M]>> | ReturnType<RecordingsService[M]>;
};

export interface LocalRecordingsParts {
  readonly recorder: Recorder;
  readonly library: RecordingLibrary;
  readonly downloads: Downloads;
  readonly files: RecordingFiles;
  readonly log: Log;
  /** Finishing what earlier runs left; undefined: nobody does. */
  readonly recovery?: Promise<Recovery>;
}

export class LocalRecordings implements RecordingsService {
  readonly #recorder: Recorder;
  readonly #library: RecordingLibrary;
  readonly #downloads: Downloads;
  readonly #files: RecordingFiles;
  readonly #recovery: Promise<readonly DamagedFile[]>;

  constructor({ recorder, library, downloads, files, log, recovery }: LocalRecordingsParts) {
    this.#recorder = recorder;
    this.#library = library;
    this.#downloads = downloads;
    this.#files = files;
    const nothing: Recovery = { recovered: [], damaged: [] };
    this.#recovery = (recovery ?? Promise.resolve(nothing)).then(
      ({ recovered, damaged }) => {
        recorder.onRecovered(recovered);
        return damaged;
      },
      (error: unknown) => {
        log.error('recordings of earlier runs were not looked for', { reason: reasonOf(error) });
        return [];
      },
    );
  }

  async start(...args: Parameters<RecordingsService['start']>) {
    return this.#recorder.start(...args);
  }

  async stop() {
    return this.#recorder.stop();
  }

  async status() {
    return this.#recorder.status();
  }

  async live() {
    return this.#recorder.live();
  }

  async mark(...args: Parameters<RecordingsService['mark']>) {
    return this.#recorder.mark(...args);
  }

  onDelta(listener: (delta: LiveDelta) => void): () => void {
    return this.#recorder.onDeltas((deltas) => {
      for (const delta of deltas) listener(delta);
    });
  }

  async list(query: ListQuery = {}): Promise<RecordingsPage> {
    const damaged = await this.#recovery;
    const page = await this.#library.list(query);
    const wanted = page.next === undefined && !narrows(query) && damaged.length > 0;
    return wanted ? { ...page, metas: [...page.metas, ...damaged.map(damagedMeta)] } : page;
  }

  async open(...args: Parameters<RecordingsService['open']>) {
    await this.#recovery;
    return this.#library.open(...args);
  }

  async change(...args: Parameters<RecordingsService['change']>) {
    await this.#recovery;
    return this.#library.change(...args);
  }

  async remove(...args: Parameters<RecordingsService['remove']>) {
    await this.#recovery;
    return this.#library.remove(...args);
  }

  async trash() {
    return this.#library.trash();
  }

  async restore(...args: Parameters<RecordingsService['restore']>) {
    await this.#recovery;
    return this.#library.restore(...args);
  }

  async import(...args: Parameters<RecordingsService['import']>) {
    await this.#recovery;
    return this.#library.import(...args);
  }

  async quantiles(...args: Parameters<RecordingsService['quantiles']>) {
    await this.#recovery;
    return this.#downloads.quantiles(...args);
  }

  async events(...args: Parameters<RecordingsService['events']>) {
    await this.#recovery;
    return this.#downloads.events(...args);
  }

  async openFrames(...args: Parameters<RecordingsService['openFrames']>) {
    await this.#recovery;
    return this.#downloads.openFrames(...args);
  }

  async nextFrames(...args: Parameters<RecordingsService['nextFrames']>) {
    return this.#downloads.nextFrames(...args);
  }

  async closeFrames(...args: Parameters<RecordingsService['closeFrames']>) {
    this.#downloads.closeFrames(...args);
  }

  async saveBlackBox() {
    return this.#recorder.saveBlackBox();
  }

  async saveLastRun() {
    return this.#recorder.saveLastRun();
  }

  async dismissLastRun() {
    this.#recorder.dismissLastRun();
  }

  async blackBox() {
    return this.#recorder.blackBox();
  }

  async metrics() {
    return this.#recorder.metrics();
  }

  session(...args: Parameters<RecordingsService['session']>): void {
    this.#recorder.session(...args);
  }

  sessionEnded(...args: Parameters<RecordingsService['sessionEnded']>): void {
    this.#recorder.sessionEnded(...args);
  }

  receiver(...args: Parameters<RecordingsService['receiver']>): void {
    this.#recorder.receiver(...args);
  }

  event(...args: Parameters<RecordingsService['event']>): void {
    this.#recorder.event(...args);
  }

  async observe(...args: Parameters<RecordingsService['observe']>) {
    this.#recorder.observe(...args);
  }

  async observed(...args: Parameters<RecordingsService['observed']>) {
    return this.#recorder.observed(...args);
  }

  async shutdown() {
    try {
      return this.#recorder.shutdown();
    } finally {
      // Worth some of the time that a stop may take, and no more: downloads do without it.
      await within(COMPRESS_MS, this.#files.compressed);
    }
  }
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([work, late.promise]);
  clearTimeout(timer);
}

/** A list that is asked for certain recordings does not hear of files that are none. */
function narrows({ kind, tag, starred, fromUnixMs, toUnixMs, text }: ListQuery): boolean {
  return [kind, tag, starred, fromUnixMs, toUnixMs, text].some((value) => value !== undefined);
}

function damagedMeta(damaged: DamagedFile): RecordingsPage['metas'][number] {
  return {
    id: damaged.file,
    started_unix_ms: 0,
    duration_ms: 0,
    kind: '',
    width: 0,
    height: 0,
    fps: 0,
    codec: '',
    client: '',
    sample_count: 0,
    damaged,
  };
}

const COMPRESS_MS = 800;
