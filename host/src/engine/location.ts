// Where the engine's library is: in the executable, else beside the sources.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedEngine } from '../assets/embedded.ts';
import { AppError } from '../errors.ts';

/** The library file. PUNKTFUNK_ENGINE counts only where none is embedded. */
export function engineFile(env: Readonly<Record<string, string | undefined>>): string {
  if (embeddedEngine !== undefined) return embeddedEngine;
  const { PUNKTFUNK_ENGINE } = env;
  const file = PUNKTFUNK_ENGINE || join(import.meta.dir, BUILT);
  if (existsSync(file)) return file;
  throw new AppError(
    500,
    'engine_missing',
    `There is no engine at ${file}; build it with scripts/build, or name one in PUNKTFUNK_ENGINE.`,
  );
}

/** What this host can capture from and encode with; `doctor` tries each. */
export const sourceNames = ['synthetic', 'x11', 'wlroots'] as const;
export const encoderNames = ['openh264'] as const;

const BUILT = '../../../engine/target/release/libpf_ffi.so';
