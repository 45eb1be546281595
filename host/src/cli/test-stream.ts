// `test-stream`: the real session path over loopback to the built-in receiver; a progress line, a report, an exit code.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { Value } from 'typebox/value';
import {
  TestScript,
  type TestStreamReport,
  type TestStreamSource,
} from '../../../contract/test-streams.ts';
import { sourceNames } from '../engine/location.ts';
import { AppError, reasonOf } from '../errors.ts';
import { randomScript } from '../sessions/random-script.ts';
import type { TestStreamOptions } from '../sessions/test-plan.ts';
import type { TestStreamProgress } from '../sessions/test-session.ts';
import {
  type CliContext,
  type Command,
  exitCode,
  type Flags,
  numberFlag,
  textFlag,
  UsageError,
} from './command.ts';
import { configure, openLocalStreams } from './setup.ts';

export const testStream: Command = {
  name: 'test-stream',
  summary: 'stream to a receiver inside this program and report what arrived',
  options: {
    source: {
      value: 'NAME',
      doc: 'auto, x11, wlroots or synthetic (auto).',
      choices: ['auto', ...sourceNames],
    },
    seconds: { value: 'S', doc: 'How long (10).' },
    mode: { value: 'WxH@FPS', doc: 'Mode (1920x1080@60).' },
    bitrate: { value: 'KBPS', doc: 'Target of the encoder, kb/s (20000).' },
    drop: { value: 'PCT', doc: 'Percent of the packets dropped on purpose (0).' },
    out: { value: 'FILE', doc: 'Write the received H.264 there.' },
    script: {
      value: 'FILE',
      doc: 'Play a script of faults instead (docs/test-scripts.md); - is stdin.',
    },
    seed: { value: 'N', doc: 'Play a script drawn from this number.' },
    'print-script': { doc: 'Print the script and play nothing.' },
    truth: { value: 'FILE', doc: 'Append what really happened to each frame of a script there.' },
    'link-mbps': { value: 'MBPS', doc: 'Rate of the slowest hop, for pacing.' },
    json: { doc: 'Print the report as one JSON object.' },
  },
  async run(flags, context) {
    const script = readScript(flags);
    if (flags['print-script'] === true) {
      if (script === undefined) throw new UsageError('--print-script needs --script or --seed');
      context.out(`${JSON.stringify(script, undefined, 2)}\n`);
      return exitCode.ok;
    }
    const truthName = textFlag(flags, 'truth');
    if (truthName !== undefined && script === undefined) {
      throw new UsageError('--truth needs --script or --seed');
    }
    const options = script === undefined ? readOptions(flags) : { script };
    const { config, log } = configure(flags, context, { quiet: true });
    const file = openOutput(textFlag(flags, 'out'), 'w');
    const truth = openOutput(truthName, 'a');
    const streams = await openLocalStreams(config, context, log);
    const { testStreams } = streams;
    const stop = (): void => {
      // The report still comes; a second signal is the system's own.
      void testStreams.stop();
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    const progress = showProgress(context, lastsSeconds(options), () => testStreams.progress);
    try {
      testStreams.start({
        ...options,
        ...(file === undefined ? {} : { outputFd: file }),
        ...(truth === undefined ? {} : { truthFd: truth }),
      });
      const { report, error, code } = await testStreams.finished();
      progress.end();
      if (report === undefined) throw new AppError(500, code ?? 'internal', error ?? 'no report');
      context.out(flags['json'] === true ? `${JSON.stringify(report)}\n` : reportText(report));
      return report.ok ? exitCode.ok : exitCode.problem;
    } finally {
      progress.end();
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      await streams.close();
      for (const opened of [file, truth]) if (opened !== undefined) closeSync(opened);
    }
  },
};

/** The script that is named or drawn; undefined when neither was asked for. Throws UsageError with the reason. */
function readScript(flags: Flags): TestScript | undefined {
  const path = textFlag(flags, 'script');
  const seed = textFlag(flags, 'seed');
  if (path === undefined && seed === undefined) return undefined;
  const asWell = [...(path === undefined ? [] : ['seed']), ...OF_ONE_STREAM].find(
    (name) => flags[name] !== undefined,
  );
  if (asWell !== undefined) {
    throw new UsageError(
      `--${path === undefined ? 'seed' : 'script'} and --${asWell} exclude each other`,
    );
  }
  if (path === undefined) {
    return randomScript(numberFlag(flags, 'seed', { least: 0, most: 0xffff_ffff, otherwise: 0 }));
  }
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(path === '-' ? 0 : path, 'utf8'));
  } catch (error) {
    throw new UsageError(`the script ${path} cannot be read: ${reasonOf(error)}`);
  }
  if (Value.Check(TestScript, data)) return data;
  const [fault] = Value.Errors(TestScript, data);
  const where = fault === undefined || fault.instancePath === '' ? 'it' : fault.instancePath;
  throw new UsageError(`the script ${path} is none: ${where} ${fault?.message ?? 'does not fit'}`);
}

function lastsSeconds({ script, seconds = 10 }: TestStreamOptions): number {
  if (script === undefined) return seconds;
  return Math.max(...script.sessions.map((one) => (one.start_ms ?? 0) / 1000 + one.seconds));
}

function readOptions(flags: Flags): TestStreamOptions {
  const mode = textFlag(flags, 'mode') ?? '1920x1080@60';
  const [, width, height, fps] = /^(\d{1,5})x(\d{1,5})@(\d{1,6})$/.exec(mode) ?? [];
  if (width === undefined || height === undefined || fps === undefined) {
    throw new UsageError(`--mode is "${mode}"; it must look like 1920x1080@60`);
  }
  const drop = textFlag(flags, 'drop');
  return {
    source: readSource(textFlag(flags, 'source') ?? 'auto'),
    seconds: numberFlag(flags, 'seconds', { least: 0.1, most: 3600, otherwise: 10 }),
    width: Number(width),
    height: Number(height),
    fps: Number(fps),
    bitrate_kbps: Math.round(
      numberFlag(flags, 'bitrate', { least: 1, most: 1_000_000, otherwise: 20_000 }),
    ),
    ...(drop === undefined
      ? {}
      : { drop_pct: numberFlag(flags, 'drop', { least: 0, most: 100, otherwise: 0 }) }),
  };
}

function readSource(text: string): TestStreamSource {
  const source = SOURCES.find((name) => name === text);
  if (source === undefined) {
    throw new UsageError(`--source is "${text}"; it must be ${SOURCES.join(', ')}`);
  }
  return source;
}

function openOutput(path: string | undefined, how: 'w' | 'a'): number | undefined {
  if (path === undefined) return undefined;
  try {
    return openSync(path, how, 0o600);
  } catch (error) {
    throw new AppError(500, 'output_unwritable', `${path} cannot be written: ${reasonOf(error)}.`);
  }
}

/** One line that overwrites itself; only for people. */
function showProgress(
  context: CliContext,
  lasts: number,
  progress: () => TestStreamProgress | undefined,
): { end(): void } {
  if (!context.errIsTerminal) return { end: () => undefined };
  const started = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - started) / 1000;
    const now = progress();
    const frames =
      now === undefined ? 'starting' : `${now.frames_received} frames, ${now.frames_lost} lost`;
    context.err(`\r\x1b[K${seconds.toFixed(1)} of ${lasts} s, ${frames}`);
  }, PROGRESS_MS);
  let ended = false;
  return {
    end() {
      clearInterval(timer);
      if (!ended) context.err('\r\x1b[K');
      ended = true;
    },
  };
}

function reportText({ sessions = [], ...report }: TestStreamReport): string {
  const parts = sessions.length > 1 ? sessions : [report];
  const played =
    sessions.length > 0 ? 'The script was played.' : 'Everything arrived as it should.';
  return [
    ...parts.flatMap(sessionLines),
    ...(report.problems ?? []).map((problem) => `Problem: ${problem}`),
    report.ok ? played : 'The stream was not as it should be.',
    '',
  ].join('\n');
}

function sessionLines(report: TestStreamReport): string[] {
  const ms = (us: number): string => `${(us / 1000).toFixed(2)} ms`.padStart(11);
  const mbps = (report.bytes * 8) / 1e6 / Math.max(report.seconds, 0.001);
  const { frames_new, source_skipped } = report;
  return [
    `Stream    ${report.source} ${report.mode} ${report.codec}, ${report.seconds} s`,
    `Frames    ${report.frames_sent} sent, ${report.frames_received} received, ` +
      `${report.frames_recovered} thanks to parity, ${report.frames_lost} lost`,
    ...(frames_new === undefined
      ? []
      : [
          `Source    ${frames_new} new pictures, ${report.frames_repeated ?? 0} repeated` +
            (source_skipped === undefined ? '' : `, ${source_skipped} skipped`),
        ]),
    `Packets   ${report.packets_sent} sent, ${report.packets_lost} lost, ${report.packets_recovered} rebuilt`,
    `Received  ${(report.bytes / 1e6).toFixed(1)} MB, ${mbps.toFixed(1)} Mb/s`,
    '',
    `${''.padEnd(10)}${'p50'.padStart(11)}${'p99'.padStart(11)}`,
    ...Object.entries(report.stages).map(
      ([name, { p50_us, p99_us }]) => `${name.padEnd(10)}${ms(p50_us)}${ms(p99_us)}`,
    ),
    '',
  ];
}

const SOURCES = ['auto', 'x11', 'wlroots', 'synthetic'] as const;
/** Options that a script says for itself. */
const OF_ONE_STREAM = ['source', 'seconds', 'mode', 'bitrate', 'drop'] as const;
const PROGRESS_MS = 200;
