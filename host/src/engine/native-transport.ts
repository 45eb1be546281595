// The real engine: calls on this thread, events through the drain Worker, records on whichever thread asks.
import { Value } from 'typebox/value';
import { RECORD_BYTES } from '../../../recording/src/frames.ts';
import { AppError } from '../errors.ts';
import { startDrainWorker } from '../workers.ts';
import type { DrainMessage, DrainStart } from './drain-worker.ts';
import { type EngineLibrary, loadLibrary, materializeLibrary, monotonicClock } from './ffi.ts';
import { type OpenConfig, OpenReply } from './messages.ts';
import { ABI_VERSION, EngineError, type EngineTransport, engineStatus } from './transport.ts';

/** Opens the engine of a library file and waits until its events flow. */
export async function openNativeEngine(
  file: string,
  config: OpenConfig = {},
): Promise<NativeTransport> {
  const library = loadLibrary(materializeLibrary(file));
  const opened: unknown = JSON.parse(library.open(JSON.stringify(config)));
  if (!Value.Check(OpenReply, opened) || opened.abi !== ABI_VERSION) {
    throw new AppError(500, 'engine_protocol', 'The engine’s answer to open is malformed.');
  }
  if (opened.record_bytes !== RECORD_BYTES) {
    throw new AppError(
      500,
      'engine_abi',
      `The engine’s frame record has ${opened.record_bytes} bytes, this host reads ${RECORD_BYTES}.`,
    );
  }
  const transport = new NativeTransport(library, opened);
  await transport.ready;
  return transport;
}

export class NativeTransport implements EngineTransport {
  readonly opened: OpenReply;
  /** Resolves when the drain Worker has the library. */
  readonly ready: Promise<void>;
  readonly nowNs = monotonicClock();
  readonly #library: EngineLibrary;
  readonly #worker: Worker;
  readonly #drained: Promise<void>;
  #listener: ((events: readonly unknown[]) => void) | undefined;
  /** Events from before somebody listened. */
  #early: unknown[] = [];
  #closed = false;

  constructor(library: EngineLibrary, opened: OpenReply) {
    this.opened = opened;
    this.#library = library;
    this.#worker = startDrainWorker();
    const hello = Promise.withResolvers<void>();
    const drained = Promise.withResolvers<void>();
    this.ready = hello.promise;
    this.#drained = drained.promise;
    const fail = (reason: string): void => {
      hello.reject(new AppError(500, 'engine_not_loaded', `The event thread failed: ${reason}`));
      drained.resolve();
    };
    this.#worker.onerror = (event) => fail(event.message);
    this.#worker.onmessage = ({ data }: MessageEvent<DrainMessage>) => {
      if (data.kind === 'hello') hello.resolve();
      else if (data.kind === 'events') this.#deliver(data.events);
      else if (data.kind === 'closed') drained.resolve();
      else fail(data.reason);
    };
    const start: DrainStart = { libraryPath: library.path, engine: opened.engine };
    this.#worker.postMessage(start);
  }

  /** For a Worker that reads lane 1: the library's path and the handle. */
  get handle(): { readonly libraryPath: string; readonly engine: number } {
    return { libraryPath: this.#library.path, engine: this.opened.engine };
  }

  call(request: string): string {
    return this.#library.call(this.opened.engine, request);
  }

  listen(listener: (events: readonly unknown[]) => void): void {
    this.#listener = listener;
    const early = this.#early;
    this.#early = [];
    if (early.length > 0) listener(early);
  }

  drainRecords(into: Uint8Array): number {
    return this.#library.drain(this.opened.engine, 1, into, 0) ?? 0;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#library.close(this.opened.engine);
    } catch (error) {
      if (!(error instanceof EngineError) || error.status !== engineStatus.stale_handle)
        throw error;
    }
    await this.#drained;
    this.#worker.terminate();
  }

  #deliver(events: readonly unknown[]): void {
    if (this.#listener === undefined) this.#early.push(...events);
    else this.#listener(events);
  }
}
