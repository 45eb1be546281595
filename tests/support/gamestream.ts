// What tests of GameStream's control plane share: a folder of their own, a log that can be read.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '../../host/src/log.ts';

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'pf-gamestream-'));
}

/** A log that ends in an array, debug lines included. */
export function logInto(lines: string[]): Logger {
  return new Logger({
    format: 'json',
    level: 'debug',
    write: (line) => lines.push(line),
    now: () => 0,
  });
}
