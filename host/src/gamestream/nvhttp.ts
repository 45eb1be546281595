// The paths of nvhttp and who may call them, as tables, refused by default (gamestream-control-plane.md §3.4). Trust is
// looked up anew for each request, by the fingerprint of the certificate alone. Errors of GameStream travel as HTTP 200
// with the real status in the XML: clients never read the body of anything else. Knows no sockets.
import type { HostInfo, HostStatus } from '../../../contract/host.ts';
import type { Apps } from '../apps/apps.ts';
import type { PairedClients } from '../clients/paired-clients.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { HostIdentity } from '../identity/host-identity.ts';
import type { Log } from '../log.ts';
import type { ClientRef, PreparedStream, StreamControl } from '../sessions/stream-control.ts';
import { type HttpAnswer, xmlAnswer } from './http1.ts';
import { appIdOf, launchWish, resumeWish } from './launch-wish.ts';
import { answerPair, answerPairChallenge, answerUnpair, isPairChallenge } from './pair-routes.ts';
import type { Pairing } from './pairing.ts';
import { Query } from './query.ts';
import type { HttpRequest } from './server.ts';
import { appList, type CodecSupport, serverInfo } from './serverinfo.ts';
import { document, element } from './xml.ts';

export interface NvHttpOptions {
  readonly identity: Pick<HostIdentity, 'uniqueId'>;
  readonly clients: PairedClients;
  readonly pairing: Pairing;
  readonly streams: StreamControl;
  readonly apps: Pick<Apps, 'list' | 'get'>;
  /** PNG of 600×800 for an app's key; undefined = none, and the client draws a placeholder. */
  readonly boxArt: (appKey: string) => Uint8Array | undefined;
  readonly hostName: string;
  readonly codecs: () => CodecSupport;
  /** Where both ports really are. */
  readonly ports: () => { readonly http: number; readonly https: number };
  /** For paired devices: what the operator's API says under the same paths. */
  readonly info: () => HostInfo | Promise<HostInfo>;
  readonly status: () => HostStatus | Promise<HostStatus>;
  readonly log: Log;
  readonly budgets?: Partial<Budgets>;
}

export interface Budgets {
  /** iOS waits 60 s for /launch and /resume. */
  readonly startMs: number;
  /** Qt waits 30 s for /cancel. */
  readonly cancelMs: number;
}

interface Call {
  readonly request: HttpRequest;
  readonly query: Query;
  /** The paired device that asks over TLS. */
  readonly client: ClientRef | undefined;
}

type PairedCall = Call & { readonly client: ClientRef };
type Answer = HttpAnswer | Promise<HttpAnswer>;

export class NvHttp {
  readonly #options: NvHttpOptions;
  readonly #budgets: Budgets;
  /** On both ports; each says itself what a stranger gets over TLS. */
  readonly #open: ReadonlyMap<string, (call: Call) => Answer>;
  /** Over TLS with a paired certificate; in the clear there are no such paths. */
  readonly #paired: ReadonlyMap<string, (call: PairedCall) => Answer>;
  /** As `paired`, for programs that read JSON and HTTP's own status. Never a route of the operator. */
  readonly #json: ReadonlyMap<string, () => unknown>;

  constructor(options: NvHttpOptions) {
    this.#options = options;
    this.#budgets = { ...BUDGETS, ...options.budgets };
    this.#open = new Map([
      ['/serverinfo', (call) => this.#serverInfo(call)],
      ['/pair', (call) => this.#pair(call)],
      ['/unpair', ({ request, query }) => answerUnpair(options.pairing, request, query)],
    ]);
    this.#paired = new Map<string, (call: PairedCall) => Answer>([
      ['/applist', () => xmlAnswer(appList(options.apps.list(), options.codecs()))],
      ['/appasset', (call) => this.#appAsset(call)],
      ['/launch', (call) => this.#launch(call)],
      ['/resume', (call) => this.#resume(call)],
      ['/cancel', (call) => this.#cancel(call)],
    ]);
    this.#json = new Map<string, () => unknown>([
      ['/api/v1/host', options.info],
      ['/api/v1/status', options.status],
    ]);
  }

  /** Never rejects. */
  async answer(request: HttpRequest): Promise<HttpAnswer> {
    const { log } = this.#options;
    const known = [this.#open, this.#paired, this.#json].some((paths) => paths.has(request.path));
    const where = {
      // Never the query, which holds keys; nor a path that somebody made up.
      path: known ? request.path : 'unknown',
      secure: request.secure,
      peer: request.peerAddress,
    };
    try {
      const answer = await this.#routed(request);
      log.debug('request', { ...where, status: answer.status });
      return answer;
    } catch (error) {
      if (error instanceof AppError) log.debug('request refused', { ...where, code: error.code });
      else log.error('a request failed', { ...where, reason: reasonOf(error) });
      return refusal(request.path, error);
    }
  }

  #routed(request: HttpRequest): Answer {
    const { path, secure } = request;
    const client = this.#clientOf(request);
    const open = this.#open.get(path);
    if (open !== undefined) return open({ request, client, query: Query.parse(request.query) });
    const json = this.#json.get(path);
    if (secure && json !== undefined) return this.#answerJson(json, client);
    const paired = this.#paired.get(path);
    if (!secure || paired === undefined) return NOT_FOUND;
    if (client === undefined) throw unauthorized();
    return paired({ request, client, query: Query.parse(request.query) });
  }

  #clientOf({ secure, fingerprint }: HttpRequest): ClientRef | undefined {
    if (!secure || fingerprint === undefined) return undefined;
    const client = this.#options.clients.get(fingerprint);
    if (client === undefined) return undefined;
    this.#options.clients.seen(fingerprint);
    return { fingerprint, name: client.name, mayEnd: client.mayEnd };
  }

  #serverInfo({ request, client }: Call): HttpAnswer {
    if (request.secure && client === undefined) throw unauthorized();
    const { hostName, identity, ports, codecs, streams } = this.#options;
    const facts = {
      hostName,
      uniqueId: identity.uniqueId,
      ports: ports(),
      codecs: codecs(),
    };
    const state = streams.appState(client?.fingerprint);
    return xmlAnswer(serverInfo(facts, request, client !== undefined, state));
  }

  #pair({ request, query, client }: Call): Answer {
    const { pairing } = this.#options;
    if (request.secure && isPairChallenge(query)) {
      const answer = answerPairChallenge(pairing, request.fingerprint);
      if (answer === undefined) throw unauthorized();
      return answer;
    }
    if (request.secure && client === undefined) throw unauthorized();
    return answerPair(pairing, request, query);
  }

  #appAsset({ query }: PairedCall): HttpAnswer {
    const app = this.#options.apps.get(appIdOf(query) ?? 0);
    const art = app && this.#options.boxArt(app.key);
    return art === undefined ? NOT_FOUND : { status: 200, contentType: 'image/png', body: art };
  }

  async #launch({ request, query, client }: PairedCall): Promise<HttpAnswer> {
    const wish = launchWish(client, request, query);
    const stream = await this.#started(client, this.#options.streams.launch(wish));
    return xmlAnswer(
      document(200, [element('sessionUrl0', stream.sessionUrl), element('gamesession', 1)]),
    );
  }

  async #resume({ request, query, client }: PairedCall): Promise<HttpAnswer> {
    const wish = resumeWish(client, request, query);
    const stream = await this.#started(client, this.#options.streams.resume(wish));
    return xmlAnswer(
      document(200, [element('sessionUrl0', stream.sessionUrl), element('resume', 1)]),
    );
  }

  async #cancel({ client }: PairedCall): Promise<HttpAnswer> {
    await within(
      this.#budgets.cancelMs,
      this.#options.streams.cancel(client),
      'The app does not end; end it on the host.',
    );
    return xmlAnswer(document(200, [element('cancel', 1)]));
  }

  async #started(client: ClientRef, starting: Promise<PreparedStream>): Promise<PreparedStream> {
    const seconds = Math.round(this.#budgets.startMs / 1000);
    const stream = await within(
      this.#budgets.startMs,
      starting,
      `The stream could not be prepared within ${seconds} s.`,
    );
    if (this.#options.clients.get(client.fingerprint) !== undefined) return stream;
    // Revoked while it started: the revocation could not yet end what was not there.
    await this.#options.streams.cancel({ ...client, mayEnd: false });
    throw unauthorized();
  }

  async #answerJson(answer: () => unknown, client: ClientRef | undefined): Promise<HttpAnswer> {
    if (client === undefined) return json(401, { error: UNAUTHORIZED, code: 'unauthorized' });
    try {
      return json(200, await answer());
    } catch (error) {
      this.#options.log.error('a request failed', { reason: reasonOf(error) });
      return json(500, { error: FAILED, code: 'internal' });
    }
  }
}

function refusal(path: string, error: unknown): HttpAnswer {
  const [status, message] =
    error instanceof AppError ? [error.status, error.message] : [500, FAILED];
  const zero = ZERO_WITH_ERROR[path];
  return xmlAnswer(document(status, zero === undefined ? [] : [element(zero, 0)], message));
}

function json(status: number, value: unknown): HttpAnswer {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return { status, contentType: 'application/json', body };
}

function unauthorized(): AppError {
  return new AppError(401, 'unauthorized', UNAUTHORIZED);
}

/** Throws AppError 503 with the sentence when the work takes longer; the work goes on. */
async function within<T>(ms: number, work: Promise<T>, sentence: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new AppError(503, 'too_slow', sentence)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const NOT_FOUND: HttpAnswer = {
  status: 404,
  contentType: 'application/xml',
  body: document(404, []),
};
const UNAUTHORIZED = 'The client is not authorized';
const FAILED = 'The host failed at this; its log says why.';
/** Clients look for this element even in an error. */
const ZERO_WITH_ERROR: Readonly<Record<string, string>> = {
  '/pair': 'paired',
  '/launch': 'gamesession',
  '/resume': 'resume',
  '/cancel': 'cancel',
};
const BUDGETS: Budgets = { startMs: 55_000, cancelMs: 25_000 };
