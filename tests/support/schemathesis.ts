// Schemathesis as PyPI has it (tests/support/requirements.txt): makes requests out of the specification and holds every
// answer against it.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnv, type Host, temporaryFolder } from './host.ts';

const ROOT = join(import.meta.dir, '../..');
const PROGRAM = join(ROOT, '.cache/python/bin/schemathesis');
/** Empty, or why its tests cannot run. */
export const missingSchemathesis = existsSync(PROGRAM)
  ? ''
  : ' (skipped: no schemathesis; scripts/test installs it)';

export interface Schemathesis {
  readonly code: number;
  readonly output: string;
  /** Operations that were tried. */
  readonly tested: number;
  readonly cases: number;
}

/** One run over a part of the specification, with the host's own token. */
export async function schemathesis(
  { address, token }: Pick<Host, 'address' | 'token'>,
  args: readonly string[],
  parameters: Readonly<Record<string, string>> = {},
): Promise<Schemathesis> {
  const folder = temporaryFolder();
  const config = join(folder, 'schemathesis.toml');
  const lines = Object.entries(parameters).map(([name, value]) => `"${name}" = "${value}"`);
  writeFileSync(config, [...CHECKS, '[parameters]', ...lines, ''].join('\n'));
  const child = Bun.spawn(
    [
      ...[PROGRAM, '--config-file', config, 'run', join(ROOT, 'api/openapi.json')],
      ...[
        '--url',
        address,
        '--header',
        `Authorization: Bearer ${token}`,
        '--request-timeout',
        '10',
      ],
      ...['--checks', 'all', '--exclude-checks', NOT_CHECKED, '--seed', '1', '--no-shrink'],
      ...['--generation-database', 'none', '--no-color', '--warnings', 'off', ...args],
    ],
    { cwd: folder, env: cleanEnv(), stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
  );
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const count = (pattern: RegExp): number => Number(pattern.exec(out)?.[1] ?? 0);
  return {
    code: await child.exited,
    output: out + err,
    tested: count(/Tested: (\d+)/),
    cases: count(/(\d+) generated/),
  };
}

const CHECKS = [
  '[checks.negative_data_rejection]',
  // How a wrong request may be refused; a body may be wrong by its size alone.
  'expected-statuses = [400, 401, 403, 404, 405, 406, 409, 411, 413, 415, 422, 429]',
];
/**
 * Whether everything that fits the schemas is accepted: OpenAPI cannot say that a range begins before it ends, that a
 * marker lies in no future, which modes an encoder takes, or which recordings there are.
 */
const NOT_CHECKED = 'positive_data_acceptance';
