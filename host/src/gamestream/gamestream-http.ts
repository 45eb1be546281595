// GameStream's HTTP side as a whole: listeners, paths, pairing's clock. The one thing that app.ts starts and stops.
import type { HostIdentity } from '../identity/host-identity.ts';
import { NvHttp, type NvHttpOptions } from './nvhttp.ts';
import { type BoundPorts, type HttpLimits, HttpServer } from './server.ts';

export interface GamestreamHttpOptions extends Omit<NvHttpOptions, 'identity' | 'ports'> {
  readonly identity: HostIdentity;
  /** HTTPS lies 5 below it. 0 takes two free ports. */
  readonly gamestreamPort: number;
  /** Without it: every address of the machine, IPv4 and IPv6. */
  readonly address?: string | undefined;
  readonly limits?: Partial<HttpLimits>;
}

export class GamestreamHttp {
  readonly #options: GamestreamHttpOptions;
  readonly #server: HttpServer;
  #ports: { readonly http: number; readonly https: number };
  #ticking: ReturnType<typeof setInterval> | undefined;

  constructor(options: GamestreamHttpOptions) {
    const { gamestreamPort: http, identity, log, limits } = options;
    this.#options = options;
    this.#ports = { http, https: http === 0 ? 0 : http - HTTPS_BELOW_HTTP };
    const paths = new NvHttp({ ...options, ports: () => this.#ports });
    this.#server = new HttpServer({
      answer: (request) => paths.answer(request),
      keyPem: identity.keyPem,
      certPem: identity.certPem,
      log,
      ...(limits === undefined ? {} : { limits }),
    });
  }

  /** Both ports accept connections when this resolves. Throws AppError `port_in_use`, `port_unusable`. */
  async start(): Promise<BoundPorts> {
    const bound = await this.#server.listen(this.#ports, this.#options.address);
    this.#ports = bound;
    this.#ticking = setInterval(() => this.#options.pairing.tick(), TICK_MS);
    return bound;
  }

  async stop(): Promise<void> {
    clearInterval(this.#ticking);
    await this.#server.close();
    this.#options.clients.flush();
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#server.size;
  }
}

const HTTPS_BELOW_HTTP = 5;
const TICK_MS = 1000;
