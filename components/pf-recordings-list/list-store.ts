// The recordings as the host has them, and what is done to them: read, changed, deleted, taken back. One thing at a time;
// what goes wrong is kept as a failure until the next one. Draws nothing.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { CaptureMeta, RecordingChange } from '../../contract/stats.ts';
import { saveFile } from '../base/download.ts';
import { Poller } from '../base/poller.ts';
import { type ApiFailure, asFailure, type StatsApi } from '../base/stats-api.ts';
import { fileOf } from './file-of.ts';
import { type FileFormat, fileName } from './row-panel.ts';

/** What the host has done. */
export type Done =
  | { readonly kind: 'deleted' | 'deletedForever'; readonly id: string }
  | { readonly kind: 'changed' | 'restored'; readonly recording: CaptureMeta };

export interface StoreOptions {
  readonly api: () => StatsApi;
  readonly onDone: (done: Done) => void;
}

export class ListStore implements ReactiveController {
  /** Undefined before the first answer. */
  held: readonly CaptureMeta[] | undefined;
  /** What lies in the trash; undefined: it is not looked at. */
  trashed: readonly CaptureMeta[] | undefined;
  /** Deleted last, and still in the trash: offered back for a while. */
  gone: string | undefined;
  busy = false;
  /** What is made for a download now. */
  making: FileFormat | undefined;
  failure: ApiFailure | undefined;

  readonly #host: ReactiveControllerHost;
  readonly #options: StoreOptions;
  readonly #poller: Poller;
  /** What was changed here and is not in a list that came before. */
  readonly #changed = new Map<string, CaptureMeta>();
  #life = new AbortController();
  #undoTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost, options: StoreOptions) {
    this.#host = host;
    this.#options = options;
    this.#poller = new Poller({ ask: (signal) => this.#askList(signal), everyMs: BEAT_MS });
    host.addController(this);
  }

  hostConnected(): void {
    this.#life = new AbortController();
  }

  hostDisconnected(): void {
    this.#poller.stop();
    this.#life.abort();
    clearTimeout(this.#undoTimer);
    this.busy = false;
    this.making = undefined;
  }

  /** Another host: nothing of the first one is known of it. */
  forget(): void {
    this.#poller.stop();
    this.#changed.clear();
    this.held = undefined;
    this.trashed = undefined;
    this.failure = undefined;
    this.#offerUndo(undefined);
  }

  /** A list was handed in: it has what was changed. */
  settle(): void {
    this.#changed.clear();
  }

  /** Whether the list is asked for here, on a beat. */
  ask(isOn: boolean): void {
    if (isOn) this.#poller.start();
    else this.#poller.stop();
  }

  again(): void {
    this.#poller.now();
  }

  current(meta: CaptureMeta): CaptureMeta {
    return this.#changed.get(meta.id) ?? meta;
  }

  clearFailure(): void {
    this.failure = undefined;
    this.#host.requestUpdate();
  }

  change(meta: CaptureMeta, change: RecordingChange): Promise<void> {
    return this.#do(async (api, signal) => {
      const answer = await api.changeRecording?.(meta.id, change, signal);
      if (answer === undefined) return;
      // A list says more of a recording than the answer to a change does, and what was taken away is in neither.
      const { name, note, tags, starred, ...rest } = meta;
      const recording = { ...rest, ...answer };
      this.#changed.set(meta.id, recording);
      this.#options.onDone({ kind: 'changed', recording });
    });
  }

  remove(id: string): Promise<void> {
    return this.#do(async (api, signal) => {
      try {
        await api.deleteRecording(id, signal);
      } catch (thrown) {
        // Gone already: what was asked for is the case.
        if (asFailure(thrown).kind !== 'not-found') throw thrown;
      }
      this.held = this.held?.filter((meta) => meta.id !== id);
      this.#offerUndo(api.restoreRecording === undefined ? undefined : id);
      this.#options.onDone({ kind: 'deleted', id });
    });
  }

  takeBack(id: string): Promise<void> {
    return this.#do(async (api, signal) => {
      const recording = await api.restoreRecording?.(id, signal);
      if (this.gone === id) this.#offerUndo(undefined);
      this.trashed = this.trashed?.filter((meta) => meta.id !== id);
      if (recording === undefined) return;
      this.#options.onDone({ kind: 'restored', recording });
      this.again();
    });
  }

  removeForever(id: string): Promise<void> {
    return this.#do(async (api, signal) => {
      await api.deleteForever?.(id, signal);
      if (this.gone === id) this.#offerUndo(undefined);
      this.trashed = this.trashed?.filter((meta) => meta.id !== id);
      this.#options.onDone({ kind: 'deletedForever', id });
    });
  }

  openTrash(): Promise<void> {
    return this.#do(async (api, signal) => {
      this.trashed = (await api.trash?.(signal)) ?? [];
    });
  }

  closeTrash(): void {
    this.trashed = undefined;
    this.clearFailure();
  }

  async download(meta: CaptureMeta, format: FileFormat): Promise<void> {
    if (this.making !== undefined) return;
    this.making = format;
    this.clearFailure();
    const { signal } = this.#life;
    try {
      saveFile(await fileOf(this.#options.api(), meta, format, signal), fileName(meta.id, format));
    } catch (thrown) {
      if (!signal.aborted) this.failure = asFailure(thrown);
    }
    if (signal.aborted) return;
    this.making = undefined;
    this.#host.requestUpdate();
  }

  async #do(work: (api: StatsApi, signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.clearFailure();
    const { signal } = this.#life;
    try {
      await work(this.#options.api(), signal);
    } catch (thrown) {
      if (!signal.aborted) this.failure = asFailure(thrown);
    }
    if (signal.aborted) return;
    this.busy = false;
    this.#host.requestUpdate();
  }

  #offerUndo(id: string | undefined): void {
    clearTimeout(this.#undoTimer);
    this.gone = id;
    if (id === undefined) return;
    this.#undoTimer = setTimeout(() => {
      this.gone = undefined;
      this.#host.requestUpdate();
    }, UNDO_MS);
  }

  async #askList(signal: AbortSignal): Promise<void> {
    try {
      const list = await this.#options.api().recordings(signal);
      if (signal.aborted) return;
      this.held = list;
      this.#changed.clear();
      if (!this.busy) this.failure = undefined;
    } catch (thrown) {
      if (signal.aborted) return;
      this.failure = asFailure(thrown);
      throw thrown;
    } finally {
      this.#host.requestUpdate();
    }
  }
}

/** Others may record too; nobody waits for it. */
const BEAT_MS = 10_000;
const UNDO_MS = 10_000;
