// `test-stream`: the real session path over loopback to the built-in receiver; a progress line, a report, an exit code.
import { closeSync, openSync } from 'node:fs';
import type { TestStreamReport, TestStreamSource } from '../../../contract/test-streams.ts';
import { sourceNames } from '../engine/location.ts';
import { AppError, reasonOf } from '../errors.ts';
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
    'link-mbps': { value: 'MBPS', doc: 'Rate of the slowest hop, for pacing.' },
    json: { doc: 'Print the report as one JSON object.' },
  },
  async run(flags, context) {
    const options = readOptions(flags);
    const { config, log } = configure(flags, context, { quiet: true });
    const file = openOutput(textFlag(flags, 'out'));
    const streams = await openLocalStreams(config, context, log);
    const { testStreams } = streams;
    const stop = (): void => {
      // The report still comes; a second signal is the system's own.
      void testStreams.stop();
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    const progress = showProgress(context, options, () => testStreams.progress);
    try {
      testStreams.start({ ...options, ...(file === undefined ? {} : { outputFd: file }) });
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
      if (file !== undefined) closeSync(file);
    }
  },
};

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

function openOutput(path: string | undefined): number | undefined {
  if (path === undefined) return undefined;
  try {
    return openSync(path, 'w', 0o600);
  } catch (error) {
    throw new AppError(500, 'output_unwritable', `${path} cannot be written: ${reasonOf(error)}.`);
  }
}

/** One line that overwrites itself; only for people. */
function showProgress(
  context: CliContext,
  options: TestStreamOptions,
  progress: () => TestStreamProgress | undefined,
): { end(): void } {
  if (!context.errIsTerminal) return { end: () => undefined };
  const started = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - started) / 1000;
    const now = progress();
    const frames =
      now === undefined ? 'starting' : `${now.frames_received} frames, ${now.frames_lost} lost`;
    context.err(`\r\x1b[K${seconds.toFixed(1)} of ${options.seconds} s, ${frames}`);
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

function reportText(report: TestStreamReport): string {
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
    ...(report.problems ?? []).map((problem) => `Problem: ${problem}`),
    report.ok ? 'Everything arrived as it should.' : 'The stream was not as it should be.',
    '',
  ].join('\n');
}

const SOURCES = ['auto', 'x11', 'wlroots', 'synthetic'] as const;
const PROGRESS_MS = 200;
