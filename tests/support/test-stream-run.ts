// `test-stream` of dist/punktfunk-host, run to its end: what it reports.
import { Value } from 'typebox/value';
import { TestStreamReport } from '../../contract/test-streams.ts';
import { type Result, run } from './host.ts';

const TRIES = 3;
const STREAM = ['--source', 'synthetic', '--mode', '640x360@30'];

/**
 * Streams 640×360@30 until a run is ok, and answers that one. Who else is on the machine may take its cores for as long
 * as a short stream lasts; what fails three times is not the machine.
 */
export async function ranTestStream(
  options: {
    /** Words after those that say which stream. */
    readonly args?: readonly string[];
    /** Runs the executable with these arguments. */
    readonly runs?: (args: readonly string[]) => Promise<Result>;
  } = {},
): Promise<{ readonly report: TestStreamReport; readonly stderr: string }> {
  const { args = ['--seconds', '1'], runs = run } = options;
  const said: string[] = [];
  while (said.length < TRIES) {
    const { code, stdout, stderr } = await runs(['test-stream', ...STREAM, ...args, '--json']);
    if (code === 0) return { report: Value.Parse(TestStreamReport, JSON.parse(stdout)), stderr };
    said.push(`exit code ${code}: ${stdout}${stderr}`);
  }
  throw new Error(`none of ${TRIES} test streams was ok:\n${said.join('\n')}`);
}
