// The whole host put together and taken apart again: with gamestream-side.ts and api-server.ts the only place that knows
// every feature.
import { readFileSync } from 'node:fs';
import { cpus, hostname, release, totalmem } from 'node:os';
import type { HostInfo, HostStatus } from '../../contract/host.ts';
import type { HostFacts } from '../../contract/stats.ts';
import { startApiServer } from './api-server.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { Engine } from './engine/engine.ts';
import { engineFile } from './engine/location.ts';
import { forwardEngineLogs } from './engine/logs.ts';
import { type NativeTransport, openNativeEngine } from './engine/native-transport.ts';
import { reasonOf } from './errors.ts';
import { GamestreamSide } from './gamestream-side.ts';
import { type HostIdentity, loadHostIdentity } from './identity/host-identity.ts';
import { loadToken, type Token } from './identity/token.ts';
import type { Logger } from './log.ts';
import { requireGamestreamPorts } from './ports.ts';
import { RecordingsWorker } from './recordings/client.ts';
import { recordInto } from './sessions/recorded-events.ts';
import { Sessions } from './sessions/sessions.ts';
import { TestStreams } from './sessions/test-streams.ts';
import { VERSION } from './version.ts';

export interface RunningHost {
  /** `http://127.0.0.1:47990` */
  readonly address: string;
  readonly token: string;
  /** Ends streams, saves an armed capture, closes everything. False when something could not be ended or saved. */
  stop(): Promise<boolean>;
}

export interface HostOptions {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
}

/** What is settled before anything runs. */
interface Settled extends HostOptions {
  readonly token: Token;
  readonly identity: HostIdentity;
  readonly hostName: string;
}

/** Starts the host. Throws AppError or ConfigError with a sentence that says what to do, and leaves nothing running. */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { config, env, log } = options;
  const token = loadToken(config.configDir);
  log.secret(token.value);
  if (token.note !== undefined) log.warn('the token has a problem', { note: token.note });
  const identity = loadHostIdentity(config.configDir);
  if (identity.note !== undefined) log.warn('the identity has a problem', { note: identity.note });
  await requireGamestreamPorts(config.gamestreamPort);
  const transport = await openNativeEngine(engineFile(env));
  const closers: (() => Promise<unknown>)[] = [() => transport.close()];
  try {
    const hostName = config.hostName ?? hostname();
    return await assemble({ ...options, token, identity, hostName }, transport, closers);
  } catch (error) {
    for (const close of closers.reverse()) await close();
    throw error;
  }
}

async function assemble(
  settled: Settled,
  transport: NativeTransport,
  closers: (() => Promise<unknown>)[],
): Promise<RunningHost> {
  const { config, env, log, token, identity, hostName } = settled;
  const engine = new Engine(transport, log.child('engine'));
  forwardEngineLogs(engine, log);
  const keep = {
    count: config.recordingsKeep,
    days: config.recordingsDays,
    bytes: config.recordingsMb * 1_000_000,
  };
  const recordings = new RecordingsWorker(
    {
      ...transport.handle,
      configDir: config.configDir,
      perf: config.perf,
      blackBox: config.blackBox,
      metrics: config.metrics,
      keep,
      host: hostFacts(),
    },
    log.child('recordings'),
  );
  closers.push(async () => recordings.terminate());
  if (config.perf) engine.call('measure', { on: false, perf: true });
  const sessions = new Sessions(engine, recordings, log.child('sessions'), recordInto(recordings));
  const testStreams = new TestStreams({
    engine,
    sessions,
    recordings,
    log: log.child('test-stream'),
    config,
    env,
    nowMs: () => performance.now(),
  });
  const startedUnixMs = Date.now();
  const info = (): HostInfo => ({
    name: hostName,
    version: VERSION,
    started_unix_ms: startedUnixMs,
    now_unix_ms: Date.now(),
    gamestream_port: config.gamestreamPort,
    engine: { abi: engine.opened.abi, version: engine.opened.version },
    sessions: sessions.list(),
    recordings_kept: keep,
  });
  const status = async (): Promise<HostStatus> => ({
    ...gamestream.streams.status(),
    measuring: (await recordings.status()).armed,
    waiting_for_pin: gamestream.pairing.waiting,
  });
  const gamestream = await GamestreamSide.start({
    ...{ config, env, log, engine, sessions, identity, hostName, info, status },
  });
  closers.push(() => gamestream.close());
  const api = await startApiServer({
    ...{ config, machine: hostname(), identity, token, recordings, testStreams, sessions },
    ...{ info, status, log: log.child('api'), clock: systemClock },
    streams: gamestream.streams,
    clients: gamestream.clients,
    pairing: gamestream.pairing,
  });
  // Below a millisecond; a disk that hangs holds nobody up.
  await within(ATTEND_MS, recordings.attend());

  return {
    address: api.url,
    token: token.value,
    async stop() {
      const streams = await within(
        STREAMS_MS,
        Promise.all([testStreams.stop(), gamestream.streams.stop()]).then(() =>
          sessions.stopAll('host_stopping'),
        ),
      );
      const network = await within(NETWORK_MS, gamestream.close());
      // Saved even when a stream hangs: that is what the operator came for.
      const saved = await within(SAVE_MS, recordings.shutdown());
      const closed = await within(CLOSE_MS, engine.close());
      recordings.terminate();
      await api.stop();
      const faults = Object.entries({ streams, network, saved, closed });
      for (const [what, fault] of faults) {
        if (fault !== undefined) log.error('not stopped cleanly', { what, reason: fault });
      }
      return faults.every(([, fault]) => fault === undefined);
    },
  };
}

/** The machine, as recordings tell it. */
function hostFacts(): HostFacts {
  const processors = cpus();
  const cpu = processors[0]?.model.trim();
  const os = systemName();
  return {
    version: VERSION,
    kernel: release(),
    ...(os === undefined ? {} : { os }),
    ...(cpu === undefined || cpu === '' ? {} : { cpu }),
    cpus: processors.length,
    memory_mb: Math.round(totalmem() / 1_000_000),
  };
}

/** As the distribution calls itself; undefined where it says nothing. */
function systemName(): string | undefined {
  try {
    return /^PRETTY_NAME="?([^"\n]{1,100})"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** Waits for work up to a limit; answers what went wrong, undefined when nothing did. */
async function within(ms: number, work: Promise<unknown>): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`took longer than ${ms} ms`), ms);
  });
  try {
    return await Promise.race([work.then(() => undefined), late]);
  } catch (error) {
    return reasonOf(error);
  } finally {
    clearTimeout(timer);
  }
}

const ATTEND_MS = 50;
/** Together below the five seconds that a stop may take. */
const STREAMS_MS = 2000;
const NETWORK_MS = 500;
const SAVE_MS = 1500;
const CLOSE_MS = 700;
