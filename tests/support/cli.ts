// One invocation of the command line in this process, and what it said.
import { runCli } from '../../host/src/cli/cli.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RanBytes extends Ran {
  /** What went out piece by piece, e.g. an export to stdout. */
  readonly bytes: Buffer;
}

export interface CliRunOptions {
  readonly terminal?: boolean;
  readonly columns?: number;
  /** What somebody at the terminal answers. */
  readonly confirm?: (question: string) => Promise<boolean>;
}

export async function ranCli(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: CliRunOptions = {},
): Promise<Ran> {
  const { bytes: _, ...ran } = await ranCliBytes(args, env, options);
  return ran;
}

export async function ranCliBytes(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { terminal = false, ...rest }: CliRunOptions = {},
): Promise<RanBytes> {
  let out = '';
  let err = '';
  const pieces: Buffer[] = [];
  const code = await runCli(args, {
    env,
    homeDir: undefined,
    out: (text) => {
      out += text;
    },
    outPiece: async (piece) => {
      pieces.push(Buffer.from(piece));
    },
    err: (text) => {
      err += text;
    },
    outIsTerminal: terminal,
    errIsTerminal: false,
    ...rest,
  });
  return { code, out, err, bytes: Buffer.concat(pieces) };
}
