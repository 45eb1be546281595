// The whole host put together and taken apart again: the only place that knows every feature.
import { hostname } from 'node:os';
import { createApi } from './api/api.ts';
import { Guard } from './api/guard.ts';
import { Assets } from './assets/assets.ts';
import { embeddedAssets } from './assets/embedded.ts';
import { type Config, ConfigError } from './config.ts';
import { Engine } from './engine/engine.ts';
import { engineFile } from './engine/location.ts';
import { forwardEngineLogs } from './engine/logs.ts';
import { type NativeTransport, openNativeEngine } from './engine/native-transport.ts';
import { AppError, reasonOf, systemCode } from './errors.ts';
import { loadToken } from './identity/token.ts';
import type { Logger } from './log.ts';
import { apiHolder, requireGamestreamPorts } from './ports.ts';
import { openRecordingsWorker } from './recordings/client.ts';
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

/** Starts the host. Throws AppError or ConfigError with a sentence that says what to do, and leaves nothing running. */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { config, env, log } = options;
  const apiHost = requireLoopback(config.apiHost);
  const token = loadToken(config.configDir);
  log.secret(token.value);
  if (token.note !== undefined) log.warn('the token has a problem', { note: token.note });
  await requireGamestreamPorts(config.gamestreamPort);
  const transport = await openNativeEngine(engineFile(env));
  try {
    return await assemble(options, transport, apiHost, token.value);
  } catch (error) {
    await transport.close();
    throw error;
  }
}

async function assemble(
  { config, env, log }: HostOptions,
  transport: NativeTransport,
  apiHost: LoopbackAddress,
  token: string,
): Promise<RunningHost> {
  const engine = new Engine(transport, log.child('engine'));
  forwardEngineLogs(engine, log);
  const recordings = await openRecordingsWorker(
    { ...transport.handle, configDir: config.configDir, perf: config.perf },
    log.child('recordings'),
  );
  if (config.perf) engine.call('measure', { on: false, perf: true });
  const sessions = new Sessions(engine, recordings, log.child('sessions'));
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
  let port = config.apiPort;
  const api = createApi({
    log: log.child('api'),
    assets: new Assets(embeddedAssets),
    guard: new Guard({
      token,
      hostNames: [...new Set([apiHost.name, '127.0.0.1', 'localhost', '[::1]'])],
      port: () => port,
      origins: config.apiOrigins,
    }),
    host: {
      version: VERSION,
      recordings,
      testStreams,
      info: () => ({
        name: hostname(),
        version: VERSION,
        started_unix_ms: startedUnixMs,
        now_unix_ms: Date.now(),
        gamestream_port: config.gamestreamPort,
        engine: { abi: engine.opened.abi, version: engine.opened.version },
        sessions: sessions.list(),
      }),
    },
  });
  let server: Awaited<ReturnType<typeof listen>>;
  try {
    server = await listen(apiHost.bind, config.apiPort, (request) => api.fetch(request));
  } catch (error) {
    recordings.terminate();
    throw error;
  }
  port = server.port ?? config.apiPort;

  return {
    address: `http://${apiHost.name}:${port}`,
    token,
    async stop() {
      const streams = await within(
        STREAMS_MS,
        testStreams.stop().then(() => sessions.stopAll('host_stopping')),
      );
      // Saved even when a stream hangs: that is what the operator came for.
      const saved = await within(SAVE_MS, recordings.shutdown());
      const closed = await within(CLOSE_MS, engine.close());
      recordings.terminate();
      await server.stop(true);
      for (const [what, fault] of Object.entries({ streams, saved, closed })) {
        if (fault !== undefined) log.error('not stopped cleanly', { what, reason: fault });
      }
      return streams === undefined && saved === undefined && closed === undefined;
    },
  };
}

interface LoopbackAddress {
  /** As it stands in addresses. */
  readonly name: string;
  /** As it is bound. */
  readonly bind: string;
}

/** Anything beyond loopback would send the token in the clear. */
function requireLoopback(host: string): LoopbackAddress {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost') return { name: 'localhost', bind: '127.0.0.1' };
  if (bare === '::1') return { name: '[::1]', bind: '::1' };
  if (/^127(\.\d{1,3}){3}$/.test(bare)) return { name: bare, bind: bare };
  throw new ConfigError(
    `The API’s address is ${host}, which is beyond loopback. The API speaks no TLS yet, so that would show its ` +
      'token to the network; leave PUNKTFUNK_API_HOST at 127.0.0.1 and use an SSH tunnel.',
  );
}

async function listen(
  hostname: string,
  port: number,
  fetch: (request: Request) => Promise<Response>,
): Promise<ReturnType<typeof Bun.serve>> {
  try {
    return Bun.serve({
      hostname,
      port,
      // Otherwise a second host would start silently and take half of the requests.
      reusePort: false,
      development: false,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      fetch,
    });
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') {
      throw new AppError(
        500,
        'port_unusable',
        `The API cannot listen on ${hostname}:${port}: ${reasonOf(error)}.`,
      );
    }
    throw new AppError(
      409,
      'port_in_use',
      `Port ${port} (API and page) is in use by ${await apiHolder(hostname, port)}. ` +
        'End it, or take another port with --api-port or PUNKTFUNK_API_PORT.',
    );
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

/** The guard refuses more than 64 KiB with a sentence; this is the backstop. */
const MAX_REQUEST_BYTES = 1024 * 1024;
/** Together below the five seconds that a stop may take. */
const STREAMS_MS = 2000;
const SAVE_MS = 2000;
const CLOSE_MS = 700;
