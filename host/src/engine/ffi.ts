// The only file that imports bun:ffi: loads the engine from memory and wraps its six functions in typed ones. The
// library is never unloaded: a symbol called afterwards would be a segmentation fault.
import { dlopen, ptr } from 'bun:ffi';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, reasonOf } from '../errors.ts';
import { ABI_VERSION, EngineError, engineStatus } from './transport.ts';

/** The six functions. Buffers are the caller's; every method throws EngineError on a status below zero. */
export interface EngineLibrary {
  /** Where it was loaded from: a Worker loads the same file and so the same engine. */
  readonly path: string;
  open(config: string): string;
  call(engine: number, request: string): string;
  /** Answers the bytes written, or undefined once the engine is closed and the lane empty. */
  drain(engine: number, lane: number, into: Uint8Array, waitMs: number): number | undefined;
  close(engine: number): void;
}

/**
 * Makes the engine loadable on a machine whose /tmp is read-only or noexec: the bytes go to a memfd, and only if the
 * kernel refuses that into a private copy. Answers the path to load.
 */
export function materializeLibrary(file: string): string {
  const bytes = readFileSync(file);
  const libc = dlopen(LIBC, { memfd_create: { args: ['ptr', 'u32'], returns: 'i32' } });
  const fd = libc.symbols.memfd_create(ptr(Buffer.from('punktfunk-engine\0')), MFD_CLOEXEC);
  if (fd < 0) return ownCopy(bytes);
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
  const path = `/proc/self/fd/${fd}`;
  // Without /proc (a bare chroot) the descriptor has no name to load it by.
  return existsSync(path) ? path : ownCopy(bytes);
}

/** Loads the library and asserts that it speaks our contract. */
export function loadLibrary(path: string): EngineLibrary {
  let symbols: ReturnType<typeof openSymbols>;
  try {
    symbols = openSymbols(path);
  } catch (error) {
    throw new AppError(500, 'engine_not_loaded', `The engine did not load: ${reasonOf(error)}`);
  }
  const abi = symbols.pf_abi_version();
  if (abi !== ABI_VERSION) {
    throw new AppError(
      500,
      'engine_abi',
      `The engine speaks version ${abi} of the contract, this host ${ABI_VERSION}; build both from one checkout.`,
    );
  }
  const lastError = (status: number): EngineError => {
    const buffer = new Uint8Array(ERROR_BYTES);
    const length = symbols.pf_last_error(buffer, buffer.byteLength);
    return toError(status, decode(buffer, Math.max(0, length)));
  };
  let reply = new Uint8Array(REPLY_BYTES);
  const withReply = (run: (buffer: Uint8Array) => number): string => {
    let length = run(reply);
    if (length === engineStatus.buffer_too_small) {
      const error = lastError(length);
      const needed = Number(/(\d+)\D*$/.exec(error.message)?.[1] ?? 0);
      if (needed <= reply.byteLength || needed > MAX_REPLY_BYTES) throw error;
      // Nothing was done: the same call again with room enough. State may have grown in between.
      reply = new Uint8Array(needed * 2);
      length = run(reply);
    }
    if (length < 0) throw lastError(length);
    return decode(reply, length);
  };
  return {
    path,
    open(config) {
      const bytes = encode(config);
      return withReply((buffer) =>
        symbols.pf_engine_open(bytes, bytes.byteLength, buffer, buffer.byteLength),
      );
    },
    call(engine, request) {
      const bytes = encode(request);
      return withReply((buffer) =>
        symbols.pf_engine_call(engine, bytes, bytes.byteLength, buffer, buffer.byteLength),
      );
    },
    drain(engine, lane, into, waitMs) {
      const length = symbols.pf_engine_drain(engine, lane, into, into.byteLength, waitMs);
      if (length === engineStatus.closed) return undefined;
      if (length < 0) throw lastError(length);
      return length;
    },
    close(engine) {
      const status = symbols.pf_engine_close(engine);
      if (status < 0) throw lastError(status);
    },
  };
}

/** CLOCK_MONOTONIC, ns: the engine's clock. process.hrtime counts suspended time too and would drift away from it. */
export function monotonicClock(): () => bigint {
  const libc = dlopen(LIBC, { clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' } });
  const timespec = new BigInt64Array(2);
  return () => {
    libc.symbols.clock_gettime(CLOCK_MONOTONIC, timespec);
    return (timespec[0] ?? 0n) * 1_000_000_000n + (timespec[1] ?? 0n);
  };
}

function openSymbols(path: string) {
  return dlopen(path, {
    pf_abi_version: { args: [], returns: 'i32' },
    pf_engine_open: { args: ['ptr', 'u32', 'ptr', 'u32'], returns: 'i32' },
    pf_engine_call: { args: ['u32', 'ptr', 'u32', 'ptr', 'u32'], returns: 'i32' },
    pf_engine_drain: { args: ['u32', 'u32', 'ptr', 'u32', 'u32'], returns: 'i32' },
    pf_engine_close: { args: ['u32'], returns: 'i32' },
    pf_last_error: { args: ['ptr', 'u32'], returns: 'i32' },
  }).symbols;
}

/** By hand and not by schema: the drain Worker, which lives on this file alone, then needs no typebox. */
function toError(status: number, text: string): EngineError {
  let fault: unknown;
  try {
    fault = JSON.parse(text);
  } catch {
    fault = undefined;
  }
  if (typeof fault === 'object' && fault !== null && 'code' in fault && 'message' in fault) {
    return new EngineError(status, String(fault.code), String(fault.message));
  }
  return new EngineError(status, 'engine_failed', `status ${status}: ${text || 'no reason given'}`);
}

/** Content-addressed and checked, so that a leftover of another version is never loaded. */
function ownCopy(bytes: Uint8Array): string {
  const hash = createHash('sha256').update(bytes).digest('hex');
  const { XDG_RUNTIME_DIR, XDG_CACHE_HOME } = process.env;
  const folders = [XDG_RUNTIME_DIR, XDG_CACHE_HOME, tmpdir()];
  const reasons: string[] = [];
  for (const folder of folders) {
    if (!folder) continue;
    const path = join(folder, 'punktfunk', `engine-${hash.slice(0, 16)}.so`);
    try {
      mkdirSync(join(folder, 'punktfunk'), { recursive: true, mode: 0o700 });
      const present =
        existsSync(path) && createHash('sha256').update(readFileSync(path)).digest('hex') === hash;
      if (!present) {
        writeFileSync(`${path}.${process.pid}`, bytes, { mode: 0o700 });
        renameSync(`${path}.${process.pid}`, path);
      }
      return path;
    } catch (error) {
      reasons.push(reasonOf(error));
    }
  }
  throw new AppError(
    500,
    'engine_not_loaded',
    `The engine can be loaded neither from memory nor from a copy: ${reasons.join('; ')}.`,
  );
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array, length: number): string {
  return new TextDecoder().decode(bytes.subarray(0, length));
}

const LIBC = 'libc.so.6';
const MFD_CLOEXEC = 1;
const CLOCK_MONOTONIC = 1;
const ERROR_BYTES = 4096;
const REPLY_BYTES = 64 * 1024;
const MAX_REPLY_BYTES = 16 * 1024 * 1024;
