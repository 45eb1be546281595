// Starts the Workers. Their addresses are relative to this folder, the common root of all entry points, because in the
// executable every module lies in main's bundle: a relative address in a folder below would miss.

/** The thread that waits for the engine's events. */
export function startDrainWorker(): Worker {
  return new Worker(new URL('./engine/drain-worker.ts', import.meta.url), { smol: true });
}

/** The thread that owns captures and their files. */
export function startRecordingsWorker(): Worker {
  return new Worker(new URL('./recordings/worker.ts', import.meta.url), { smol: true });
}
