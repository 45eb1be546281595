// What several subcommands need: configuration with a log, an engine with its recorder in this thread, this program
// again as a child.
import { type Config, loadConfig } from '../config.ts';
import { Engine } from '../engine/engine.ts';
import { engineFile } from '../engine/location.ts';
import { forwardEngineLogs } from '../engine/logs.ts';
import { openNativeEngine } from '../engine/native-transport.ts';
import { reasonOf } from '../errors.ts';
import { Logger, levels } from '../log.ts';
import type { Recorder } from '../recordings/recorder.ts';
import { Sessions } from '../sessions/sessions.ts';
import { TestStreams } from '../sessions/test-streams.ts';
import { type CliContext, type Flags, textFlags } from './command.ts';

/** `quiet`: only warnings, unless the environment asks for more. */
export function configure(
  flags: Flags,
  context: CliContext,
  options: { readonly quiet?: boolean } = {},
): { readonly config: Config; readonly log: Logger } {
  const config = loadConfig({
    flags: textFlags(flags),
    env: context.env,
    homeDir: context.homeDir,
  });
  const asText = config.logFormat === 'auto' ? context.errIsTerminal : config.logFormat === 'text';
  const { PUNKTFUNK_LOG_LEVEL } = context.env;
  const quiet = options.quiet === true && !PUNKTFUNK_LOG_LEVEL && !config.perf;
  const log = new Logger({
    format: asText ? 'text' : 'json',
    level: quiet ? 'warn' : (levels.find((level) => level === config.logLevel) ?? 'info'),
    write: context.err,
    now: Date.now,
  });
  return { config, log };
}

export interface LocalStreams {
  readonly engine: Engine;
  readonly testStreams: TestStreams;
  close(): Promise<void>;
}

/** An engine of our own, for one command: nothing is saved and nothing listens for operators. */
export async function openLocalStreams(
  config: Config,
  context: CliContext,
  log: Logger,
): Promise<LocalStreams> {
  const engine = new Engine(await openNativeEngine(engineFile(context.env)), log.child('engine'));
  forwardEngineLogs(engine, log);
  // Loaded when it is needed: a host that serves has its recorder in a Worker.
  const { openRecordings } = await import('../recordings/assembly.ts');
  let timer: ReturnType<typeof setInterval> | undefined;
  const { recorder, recordings } = openRecordings({
    engine: {
      nowNs: () => engine.nowNs(),
      measure: (on) => {
        engine.call('measure', { on, perf: config.perf });
      },
      drainRecords: (into) => engine.drainRecords(into),
      recordsLost: () => engine.call('snapshot', {}).lanes.records.lost,
    },
    configDir: undefined,
    log,
    nowUnixMs: Date.now,
    bootMs: () => performance.now(),
    clockMs: () => performance.now(),
    onActive: (active) => {
      clearInterval(timer);
      timer = active ? setInterval(() => poll(recorder, log), POLL_MS) : undefined;
    },
  });
  const sessions = new Sessions(engine, recordings, log.child('sessions'));
  const testStreams = new TestStreams({
    engine,
    sessions,
    recordings,
    log: log.child('test-stream'),
    config,
    env: context.env,
    nowMs: () => performance.now(),
  });
  return {
    engine,
    testStreams,
    async close() {
      clearInterval(timer);
      await engine.close();
    },
  };
}

/** How to start this program again: the executable itself, or bun with the entry point. */
export function selfCommand(): readonly string[] {
  return Bun.main.startsWith('/$bunfs/') ? [process.execPath] : [process.execPath, Bun.main];
}

function poll(recorder: Recorder, log: Logger): void {
  try {
    recorder.poll();
  } catch (error) {
    log.error('the frame records could not be read', { reason: reasonOf(error) });
  }
}

const POLL_MS = 200;
