// `test-stream` of dist/punktfunk-host, run to its end: what it reports.
import { Value } from 'typebox/value';
import { TestStreamReport } from '../../contract/test-streams.ts';
import { type Result, run } from './host.ts';

const TRIES = 3;
const STREAM = ['--source', 'synthetic', '--mode', '640x360@30'];
/** What a stream says of itself whose cores somebody else took; nothing else may be. */
const TOO_LATE = [
  /^\d+ frames were dropped before they were sent\.$/,
  /^Only [\d.]+ of 30 frames a second arrived\.$/,
];

/**
 * Streams 640×360@30 and answers what came of it. Who else is on the machine may take its cores for as long as a short
 * stream lasts: one that was only late runs again; what is late three times, or anything but late, is an error.
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
    said.push(`exit code ${code}: ${stdout}${stderr}`);
    if (stdout === '') break;
    const report = Value.Parse(TestStreamReport, JSON.parse(stdout));
    if (code === 0) return { report, stderr };
    if (!isOnlyLate(report)) break;
  }
  throw new Error(`a test stream was not ok:\n${said.join('\n')}`);
}

function isOnlyLate({ problems = [] }: TestStreamReport): boolean {
  const late = problems.filter((problem) => TOO_LATE.some((pattern) => pattern.test(problem)));
  return problems.length > 0 && late.length === problems.length;
}
