// The recordings of a host put together: store, recorder, black box, downloads and what earlier runs left. The Worker, the
// command line and tests differ only in what they hand in.
import { join } from 'node:path';
import type { HostFacts } from '../../../contract/stats.ts';
import type { HostFigures } from '../../../recording/src/metrics.ts';
import { parseRecordingId } from '../../../recording/src/recording-id.ts';
import type { Log } from '../log.ts';
import type { AutomaticRecordings } from './auto-save.ts';
import { type Disk, realDisk } from './disk.ts';
import { Downloads } from './downloads.ts';
import { LimitedSaver } from './limited-saver.ts';
import { HostMetrics } from './metrics.ts';
import type { BlackBox, MeasuredEngine, RecordingSaver } from './parts.ts';
import { Recorder } from './recorder.ts';
import { LocalRecordings } from './recordings.ts';
import { type Recovery, recover } from './recovery.ts';
import type { KeepLimits } from './retention.ts';
import { RecordingFiles } from './saving.ts';
import { RecordingStore } from './store.ts';

export interface RecordingsOptions {
  readonly engine: MeasuredEngine;
  /** Undefined: there is nowhere to save, and saving says so. */
  readonly configDir: string | undefined;
  readonly log: Log;
  readonly nowUnixMs: () => number;
  /** ms since the machine started, time asleep included. */
  readonly bootMs: () => number;
  /** For what recording itself costs: ms, monotonic. */
  readonly clockMs: () => number;
  readonly onActive: (active: boolean) => void;
  readonly host?: HostFacts;
  readonly keep?: KeepLimits;
  readonly disk?: Disk;
  /** Whether everything is counted for /metrics. */
  readonly metrics?: boolean;
  /** Bytes of a capture that may wait in memory while nothing can be written. */
  readonly memoryBytes?: number;
  /** Made here because it saves through the same store. */
  readonly blackBox?: (parts: BlackBoxParts) => BlackBox;
  /** Whether recordings that earlier runs could not finish are finished. */
  readonly recovers?: boolean;
}

export interface BlackBoxParts {
  readonly saver: RecordingSaver;
  readonly recordings: AutomaticRecordings;
  readonly disk: Disk;
  /** captures/ */
  readonly folder: string | undefined;
}

export interface OpenedRecordings {
  readonly recordings: LocalRecordings;
  readonly recorder: Recorder;
  readonly store: RecordingStore;
  readonly files: RecordingFiles;
  /** Earlier runs' recordings are finished. */
  readonly recovered: Promise<void>;
}

export function openRecordings(options: RecordingsOptions): OpenedRecordings {
  const { configDir, log, nowUnixMs, clockMs, keep, engine, bootMs, host } = options;
  const disk = options.disk ?? realDisk;
  const folder = configDir === undefined ? undefined : join(configDir, 'captures');
  const store = new RecordingStore(configDir, log, {
    ...{ nowUnixMs, disk },
    later: (run) => {
      setTimeout(run, BETWEEN_CHECKS_MS).unref();
    },
    ...(keep === undefined ? {} : { keep }),
  });
  const files = new RecordingFiles(disk, folder, log, (id) => store.saved(id));
  const saver = new LimitedSaver(files, (bytes) => store.room(bytes));
  const blackBox = options.blackBox?.({ saver, recordings: automatic(store), disk, folder });
  const metrics =
    options.metrics === true ? new HostMetrics(() => figuresOf(recorder, host)) : undefined;
  const recorder: Recorder = new Recorder({
    ...{ engine, disk, folder, files, log, nowUnixMs, bootMs, clockMs, blackBox, metrics },
    ...(host === undefined ? {} : { host }),
    ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
    onActive: options.onActive,
  });
  const recovery =
    folder === undefined || options.recovers !== true
      ? Promise.resolve(NOTHING)
      : inSlices(() => recover({ disk, folder, files, log }));
  const downloads = new Downloads(store, clockMs);
  const recordings = new LocalRecordings({
    ...{ recorder, library: store, downloads, files, log, recovery },
  });
  const recovered = recovery.then(
    () => undefined,
    () => undefined,
  );
  return { recordings, recorder, store, files, recovered };
}

/** Lets the thread do something else between two slices, and before the first. */
async function inSlices<T>(begin: () => Generator<void, T>): Promise<T> {
  await nextTurn();
  const work = begin();
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    await nextTurn();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function figuresOf(recorder: Recorder, host: HostFacts | undefined): HostFigures {
  const { armed, recorder: figures, black_box: blackBox } = recorder.status();
  return {
    version: host?.version ?? '',
    armed,
    ...(figures === undefined ? {} : { recorder: figures }),
    ...(blackBox === undefined ? {} : { blackBox }),
  };
}

/** What triggers made: an operator asked for none of them. */
function automatic(store: RecordingStore): AutomaticRecordings {
  return {
    list() {
      return store
        .all()
        .filter(({ trigger }) => trigger !== undefined && AUTOMATIC.has(trigger))
        .toReversed()
        .map(({ id, starred }) => ({ id, starred: starred ?? false }));
    },
    remove(id) {
      const parsed = parseRecordingId(id);
      if (parsed !== undefined) store.remove(parsed);
    },
  };
}

/** Reading recordings to their ends leaves most of the thread's time to others. */
const BETWEEN_CHECKS_MS = 500;
const NOTHING: Recovery = { recovered: [], damaged: [] };
const AUTOMATIC: ReadonlySet<string> = new Set(['freeze', 'loss_burst', 'drops']);
