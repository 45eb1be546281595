// Asks one of the judges beside this file, which compute with DuckDB: rows and questions in, its answers out.
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../support/host.ts';
import { PYTHON } from '../support/moonlight.ts';

/** Throws what the judge complained of. The answers have the shape that the judge's own page says. */
export function askJudge<T>(judge: string, rows: readonly object[], questions: object): T {
  const folder = temporaryFolder();
  try {
    const lines = rows.map((row) => JSON.stringify(row));
    writeFileSync(join(folder, 'rows.jsonl'), lines.join('\n'));
    writeFileSync(join(folder, 'questions.json'), JSON.stringify(questions));
    const child = Bun.spawnSync(
      [PYTHON, resolve(import.meta.dir, judge), 'rows.jsonl', 'questions.json'],
      { cwd: folder, stdout: 'pipe', stderr: 'pipe' },
    );
    if (child.exitCode !== 0) throw new Error(child.stderr.toString());
    return JSON.parse(child.stdout.toString());
  } finally {
    rmSync(folder, { recursive: true });
  }
}
