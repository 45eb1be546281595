// Everything of GameStream put together: sockets, state machine, HTTP, RTSP, discovery. Starts in the order in which clients
// find it, so that nobody finds half a host; stops in the reverse.
import { randomBytes } from 'node:crypto';
import type { HostInfo, HostStatus } from '../../contract/host.ts';
import { Apps } from './apps/apps.ts';
import { boxArt } from './apps/box-art.ts';
import { PairedClients } from './clients/paired-clients.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { Discovery } from './discovery/discovery.ts';
import type { Engine } from './engine/engine.ts';
import { reasonOf } from './errors.ts';
import { GamestreamHttp } from './gamestream/gamestream-http.ts';
import { Pairing } from './gamestream/pairing.ts';
import { RtspServer } from './gamestream/rtsp-server.ts';
import type { HostIdentity } from './identity/host-identity.ts';
import type { Logger } from './log.ts';
import { MediaPorts } from './sessions/media-ports.ts';
import type { Sessions } from './sessions/sessions.ts';
import { Streams } from './sessions/streams.ts';

export interface GamestreamSideOptions {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly identity: HostIdentity;
  readonly hostName: string;
  readonly info: () => HostInfo;
  readonly status: () => Promise<HostStatus>;
}

export class GamestreamSide {
  readonly clients: PairedClients;
  readonly pairing: Pairing;
  readonly streams: Streams;
  readonly #log: Logger;
  readonly #ports: MediaPorts;
  readonly #rtsp: RtspServer;
  readonly #http: GamestreamHttp;
  #discovery: Discovery | undefined;

  private constructor(options: GamestreamSideOptions, ports: MediaPorts) {
    const { config, env, log, sessions, identity, hostName } = options;
    this.#log = log;
    this.#ports = ports;
    const apps = new Apps();
    this.clients = new PairedClients({
      configDir: config.configDir,
      log: log.child('clients'),
      nowUnixMs: Date.now,
    });
    this.pairing = new Pairing({
      identity,
      clients: this.clients,
      log: log.child('pairing'),
      nowMs: () => performance.now(),
      nowUnixMs: Date.now,
      random: (bytes) => randomBytes(bytes),
    });
    this.streams = new Streams({
      sessions,
      ports,
      apps,
      log: log.child('streams'),
      clock: systemClock,
      config,
      env,
    });
    this.clients.onRevoke(({ fingerprint }) => {
      void this.streams.revoke(fingerprint).catch((error: unknown) => {
        this.#log.error('a revoked device’s stream could not be ended', {
          reason: reasonOf(error),
        });
      });
    });
    this.#rtsp = new RtspServer({
      port: config.gamestreamPort + RTSP_ABOVE_BASE,
      address: config.gamestreamHost,
      streams: this.streams,
      log: log.child('rtsp'),
      clock: systemClock,
    });
    this.#http = new GamestreamHttp({
      identity,
      gamestreamPort: config.gamestreamPort,
      address: config.gamestreamHost,
      clients: this.clients,
      pairing: this.pairing,
      streams: this.streams,
      apps,
      boxArt,
      hostName,
      codecs: () => H264_ONLY,
      info: options.info,
      status: options.status,
      log: log.child('nvhttp'),
    });
  }

  /** Opens every port. Throws AppError naming the one that cannot be had, and leaves none open. */
  static async start(options: GamestreamSideOptions): Promise<GamestreamSide> {
    const { config, engine, log } = options;
    const ports = new MediaPorts({
      engine,
      log,
      gamestreamPort: config.gamestreamPort,
      address: config.gamestreamHost,
      dscp: config.dscp,
    });
    let side: GamestreamSide | undefined;
    try {
      side = new GamestreamSide(options, ports);
      await side.#rtsp.start();
      const { address: listens } = await side.#http.start();
      // Last: whoever finds the host is answered.
      if (config.discovery) side.#publish(options, listens);
    } catch (error) {
      await side?.close();
      ports.close();
      throw error;
    }
    return side;
  }

  #publish({ config, hostName, identity, log }: GamestreamSideOptions, listens: string): void {
    this.#discovery = new Discovery({
      name: hostName,
      uniqueId: identity.uniqueId,
      httpPort: config.gamestreamPort,
      listens,
      log: log.child('discovery'),
      clock: systemClock,
    });
    // Asking whether the name is free takes its time, and never fails.
    void this.#discovery.start();
  }

  /** Takes the host off the network: no client finds, asks or starts anything any more. */
  async close(): Promise<void> {
    await this.#discovery?.stop();
    await this.#http.stop();
    await this.#rtsp.stop();
    this.#ports.close();
  }
}

/** What the encoders of this machine make today. */
const H264_ONLY = { modes: 1 };
const RTSP_ABOVE_BASE = 21;
