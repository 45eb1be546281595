// The operator’s API put together: tokens, guard, event stream and listener, over what the rest of the host offers. Knows
// no GameStream: pairing comes as an interface.
import { randomBytes } from 'node:crypto';
import type { PairedClient } from '../../contract/clients.ts';
import type { HostInfo, HostStatus } from '../../contract/host.ts';
import {
  type ApiClients,
  type ApiHost,
  type ApiPairing,
  type ApiSessions,
  createApi,
} from './api/api.ts';
import { briefStatus } from './api/brief-status.ts';
import { EventHub } from './api/event-hub.ts';
import { Guard } from './api/guard.ts';
import { apiAddress, listenApi, ownNames } from './api/listen.ts';
import { LiveFeed } from './api/live-feed.ts';
import { StreamReaders } from './api/stream-readers.ts';
import { Assets } from './assets/assets.ts';
import { embeddedAssets } from './assets/embedded.ts';
import { type PairedClients, pairedClientView } from './clients/paired-clients.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { HostIdentity } from './identity/host-identity.ts';
import type { Token } from './identity/token.ts';
import { Tokens } from './identity/tokens.ts';
import type { Logger } from './log.ts';
import type { Sessions } from './sessions/sessions.ts';
import type { Streams } from './sessions/streams.ts';
import { VERSION } from './version.ts';

export interface ApiServerOptions {
  readonly config: Pick<Config, 'apiHost' | 'apiHosts' | 'apiPort' | 'apiOrigins' | 'configDir'>;
  /** The machine’s name on its network. */
  readonly machine: string;
  readonly identity: HostIdentity;
  readonly token: Token;
  readonly recordings: ApiHost['recordings'];
  readonly testStreams: ApiHost['testStreams'];
  readonly sessions: Pick<Sessions, 'list'>;
  readonly streams: Pick<Streams, 'connected' | 'endSession' | 'endApp' | 'revoke' | 'onChange'>;
  readonly clients: Pick<
    PairedClients,
    'list' | 'get' | 'rename' | 'setMayEnd' | 'revoke' | 'onChange'
  >;
  readonly pairing: ApiPairing & {
    onChange(listener: () => void): () => void;
  };
  readonly info: () => HostInfo;
  readonly status: () => Promise<HostStatus>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ApiServer {
  /** `https://127.0.0.1:47990` */
  readonly url: string;
  readonly port: number;
  /** Ends event streams and connections. */
  stop(): Promise<void>;
}

/** Starts the API. Throws AppError with a sentence that says what to do. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { config, clock, log } = options;
  const address = apiAddress(config.apiHost);
  const tokens = new Tokens({
    builtin: options.token,
    configDir: config.configDir,
    log,
    nowUnixMs: () => clock.unixMs(),
    randomBytes,
  });
  const host = apiHost(options, tokens);
  let port = config.apiPort;
  const api = createApi({
    log,
    assets: new Assets(embeddedAssets),
    guard: new Guard({
      tokens,
      scheme: address.scheme,
      hostNames: ownNames(address, options.machine, config.apiHosts),
      anyAddress: address.scheme === 'https',
      port: () => port,
      origins: config.apiOrigins,
      nowMs: () => clock.nowMs(),
      log,
    }),
    host,
  });
  const listener = await listenApi({
    address,
    port,
    identity: options.identity,
    fetch: api.fetch,
  });
  port = listener.port;
  const quiet = announceChanges(host.events, options);
  return {
    url: listener.url,
    port,
    async stop() {
      quiet();
      host.live.close();
      host.readers.close();
      await listener.stop();
    },
  };
}

function apiHost(options: ApiServerOptions, tokens: Tokens): ApiHost {
  const { recordings, testStreams, pairing, streams, info, status, clock, log } = options;
  const clients = apiClients(options);
  const sessions: ApiSessions = {
    list: () => options.sessions.list(),
    end: (sessionId) => streams.endSession(sessionId),
    endApp: () => streams.endApp(),
  };
  const boot = randomBytes(BOOT_BYTES).toString('hex');
  const nowMs = () => clock.nowMs();
  const readers = new StreamReaders({
    nowMs,
    every: (ms, tick) => {
      const timer = setInterval(tick, ms);
      return () => clearInterval(timer);
    },
  });
  return {
    version: VERSION,
    recordings,
    testStreams,
    pairing,
    clients,
    sessions,
    tokens,
    info,
    status,
    events: new EventHub({
      sources: {
        sessions: () => ({ topic: 'sessions', sessions: sessions.list() }),
        clients: () => ({ topic: 'clients', clients: clients.list() }),
        pairing: () => ({ topic: 'pairing', pairing: pairing.state() }),
        captures: async () => ({
          topic: 'captures',
          status: briefStatus(await recordings.status()),
        }),
      },
      boot,
      readers,
      log,
    }),
    readers,
    live: new LiveFeed({
      onDelta: (listener) => recordings.onDelta(listener),
      readers,
      boot,
      nowMs,
    }),
  };
}

function apiClients({ clients, streams }: ApiServerOptions): ApiClients {
  const view = (clientId: string): PairedClient | undefined => {
    const client = clients.get(clientId);
    return client === undefined ? undefined : pairedClientView(client, streams.connected(clientId));
  };
  return {
    list: () =>
      clients
        .list()
        .map((client) => pairedClientView(client, streams.connected(client.fingerprint))),
    async change(clientId, { name, may_end }) {
      if (clients.get(clientId) === undefined) return undefined;
      if (name !== undefined) clients.rename(clientId, name);
      if (may_end !== undefined) clients.setMayEnd(clientId, may_end);
      return view(clientId);
    },
    async revoke(clientId) {
      if (clients.get(clientId) === undefined) return false;
      try {
        clients.revoke(clientId);
      } finally {
        // Also when the disk refused: in memory it is a stranger already.
        await streams.revoke(clientId);
      }
      return true;
    },
  };
}

/** Tells readers at once what would otherwise take them up to a second. */
function announceChanges(events: EventHub, { streams, clients, pairing }: ApiServerOptions) {
  const stops = [
    streams.onChange(() => {
      events.changed('sessions');
      events.changed('clients');
    }),
    clients.onChange(() => events.changed('clients')),
    pairing.onChange(() => events.changed('pairing')),
  ];
  return (): void => {
    for (const stop of stops) stop();
  };
}

const BOOT_BYTES = 6;
