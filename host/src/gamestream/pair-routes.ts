// /pair and /unpair: which phase a query is, its bytes, and the XML of the answer. All judgement is Pairing's.
import { AppError } from '../errors.ts';
import { type HttpAnswer, xmlAnswer } from './http1.ts';
import type { Pairing, PairingPeer, PairingReply } from './pairing.ts';
import { parseClientCertificate } from './pairing-crypto.ts';
import { hexBytes, type Query } from './query.ts';
import type { HttpRequest } from './server.ts';
import { document, element } from './xml.ts';

/** One phase. Throws AppError `bad_parameter` without a usable `uniqueid`. */
export async function answerPair(
  pairing: Pairing,
  request: HttpRequest,
  query: Query,
): Promise<HttpAnswer> {
  const peer = peerOf(request, query);
  if (peer === undefined) {
    throw new AppError(400, 'bad_parameter', 'The parameter uniqueid is missing or too long.');
  }
  return xmlOf(await reply(pairing, peer, request, query));
}

/** Phase 5 over TLS with this certificate: undefined when it is a stranger's. */
export function answerPairChallenge(
  pairing: Pairing,
  fingerprint: string | undefined,
): HttpAnswer | undefined {
  if (fingerprint === undefined || !pairing.pairChallenge(fingerprint)) return undefined;
  return xmlOf({ status: 200, paired: true });
}

/** Ends a pending attempt of this peer and nothing else; never an error, since clients would show that one. */
export function answerUnpair(pairing: Pairing, request: HttpRequest, query: Query): HttpAnswer {
  const peer = peerOf(request, query);
  if (peer !== undefined) pairing.unpair(peer);
  return xmlAnswer(document(200, []));
}

/** Phase 5, which counts on the TLS port alone. */
export function isPairChallenge(query: Query): boolean {
  return query.get('phrase') === 'pairchallenge';
}

async function reply(
  pairing: Pairing,
  peer: PairingPeer,
  request: HttpRequest,
  query: Query,
): Promise<PairingReply> {
  const phases = PHASES.filter((phase) => phase.isMeant(query));
  const [phase] = phases;
  if (phase === undefined || phases.length > 1) return pairing.deviated(peer);
  return (await phase.advance(pairing, peer, query, request)) ?? pairing.deviated(peer);
}

interface Phase {
  readonly isMeant: (query: Query) => boolean;
  /** Undefined: its parameters are malformed. */
  readonly advance: (
    pairing: Pairing,
    peer: PairingPeer,
    query: Query,
    request: HttpRequest,
  ) => Promise<PairingReply> | PairingReply | undefined;
}

const PHASES: readonly Phase[] = [
  {
    isMeant: (query) => query.has('phrase'),
    advance: (pairing, peer, query, request) => {
      const salt = hexBytes(query.get('salt') ?? '');
      const pem = hexBytes(query.get('clientcert') ?? '');
      const certificate = pem && parseClientCertificate(Buffer.from(pem).toString('latin1'));
      if (query.get('phrase') !== 'getservercert') return undefined;
      if (salt?.length !== SALT_BYTES || certificate === undefined) return undefined;
      return pairing.getServerCert(peer, salt, certificate, request.signal);
    },
  },
  {
    isMeant: (query) => query.has('clientchallenge'),
    advance: (pairing, peer, query) => {
      const bytes = hexBytes(query.get('clientchallenge') ?? '');
      return bytes && pairing.clientChallenge(peer, bytes);
    },
  },
  {
    isMeant: (query) => query.has('serverchallengeresp'),
    advance: (pairing, peer, query) => {
      const bytes = hexBytes(query.get('serverchallengeresp') ?? '');
      return bytes && pairing.serverChallengeResponse(peer, bytes);
    },
  },
  {
    isMeant: (query) => query.has('clientpairingsecret'),
    advance: (pairing, peer, query) => {
      const bytes = hexBytes(query.get('clientpairingsecret') ?? '');
      return bytes && pairing.clientPairingSecret(peer, bytes);
    },
  },
];

function peerOf(request: HttpRequest, query: Query): PairingPeer | undefined {
  const uniqueId = query.get('uniqueid') ?? '';
  if (uniqueId === '' || uniqueId.length > MOST_UNIQUE_ID) return undefined;
  return { address: request.peerAddress, uniqueId };
}

function xmlOf({ status, paired, hex, message }: PairingReply): HttpAnswer {
  const children = [element('paired', paired ? 1 : 0)];
  if (hex !== undefined) children.push(element(hex.name, Buffer.from(hex.bytes).toString('hex')));
  return xmlAnswer(document(status, children, message));
}

const SALT_BYTES = 16;
/** Clients send 16 hex digits. */
const MOST_UNIQUE_ID = 64;
