// Recordings as files in a folder of a test, and a store over it whose clock stands where the test puts it.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Capture, CaptureMeta } from '../../contract/stats.ts';
import { RecordingStore, type StoreOptions } from '../../host/src/recordings/store.ts';
import { serializeCapture } from '../../recording/src/format.ts';
import { parseRecordingId, type RecordingId } from '../../recording/src/recording-id.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class StoreFolder implements Disposable {
  readonly configDir = mkdtempSync(join(tmpdir(), 'pf-store-'));
  readonly captures = join(this.configDir, 'captures');
  readonly lines: LogLine[] = [];
  nowUnixMs = Date.now();

  constructor() {
    mkdirSync(this.captures, { mode: 0o700 });
  }

  store(options: Omit<StoreOptions, 'nowUnixMs'> = {}): RecordingStore {
    const at =
      (level: string) =>
      (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
        this.lines.push({ level, message, fields });
      };
    const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    return new RecordingStore(this.configDir, log, { ...options, nowUnixMs: () => this.nowUnixMs });
  }

  /** A recording as saving.ts leaves it, with a file of frames and a compressed copy. */
  put(capture: Capture): RecordingId {
    const { id } = capture.meta;
    this.write(`${id}.frames.parquet`, `frames of ${id}`);
    this.write(`${id}.json`, serializeCapture(capture));
    this.write(`${id}.json.gz`, Bun.gzipSync(serializeCapture(capture)));
    return idOf(id);
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(join(this.captures, name), content, { mode: 0o600 });
  }

  read(name: string): string {
    return readFileSync(join(this.captures, name), 'utf8');
  }

  has(name: string): boolean {
    return existsSync(join(this.captures, name));
  }

  /** Names, those in the trash with `.trash/` before them. */
  names(): string[] {
    const here = readdirSync(this.captures).filter((name) => name !== '.trash');
    const trash = join(this.captures, '.trash');
    const there = existsSync(trash) ? readdirSync(trash).map((name) => `.trash/${name}`) : [];
    return [...here, ...there].sort();
  }

  /** Without what the next start takes away once this process is dead. */
  lastingNames(): string[] {
    return this.names().filter((name) => !name.endsWith(`.${process.pid}.tmp`));
  }

  [Symbol.dispose](): void {
    rmSync(this.configDir, { recursive: true, force: true });
  }
}

/** A short recording; `n` makes its id and, a minute apart, its start. */
export function recordingNo(n: number, meta: Partial<CaptureMeta> = {}): Capture {
  const started = FIRST_START + n * 60_000;
  const second = new Date(started).toISOString().slice(0, 19).replaceAll(':', '-');
  return {
    version: 2,
    meta: {
      id: `${second}Z_1280x720`,
      started_unix_ms: started,
      duration_ms: 10_000,
      kind: 'gamestream',
      width: 1280,
      height: 720,
      fps: 60,
      codec: 'h264',
      client: '192.168.1.42',
      sample_count: 1,
      ...meta,
    },
    samples: [
      {
        t_ms: 1000,
        session_id: 1,
        stages: [{ name: 'encode', p50_us: 4000 + n, p99_us: 6000 }],
        fps: 60,
        repeat_fps: 0,
        mbps: 20,
        bitrate_kbps: 20_000,
      },
    ],
  };
}

export function idOf(text: string): RecordingId {
  const id = parseRecordingId(text);
  if (id === undefined) throw new Error(`not an id: ${text}`);
  return id;
}

const FIRST_START = Date.UTC(2026, 10, 1, 12, 0, 0);
