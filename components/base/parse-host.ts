// Answers about devices, pairing, streams and tokens, checked by hand. Names come from devices that anybody can bring:
// they are cut, freed of what is not visible, and never markup. What cannot be named (an id that is none) is left out.
import type {
  PairedClient,
  PairingAttempt,
  PairingPhase,
  PairingState,
} from '../../contract/clients.ts';
import type { HostEvent } from '../../contract/events.ts';
import type { HostStatus, SessionInfo } from '../../contract/host.ts';
import type { CreatedToken, TokenInfo } from '../../contract/tokens.ts';
import { asFields, fields, number, oneOf, some, text, unreadable, whole } from './fields.ts';
import { parseFullStatus } from './parse-recorder.ts';

export function parseClients(value: unknown): readonly PairedClient[] {
  if (!Array.isArray(value)) throw unreadable('the list of devices is not a list');
  return value.flatMap(clientOf);
}

export function parseClient(value: unknown): PairedClient {
  const [client] = clientOf(value);
  if (client === undefined) throw unreadable('this is not a device');
  return client;
}

function clientOf(value: unknown): readonly PairedClient[] {
  const f = asFields(value);
  const client_id = fingerprint(f?.['client_id']);
  if (f === undefined || client_id === '') return [];
  return [
    {
      client_id,
      name: visible(f['name']),
      paired_unix_ms: whole(f['paired_unix_ms']),
      address: visible(f['address']),
      may_end: f['may_end'] === true,
      connected: f['connected'] === true,
      ...some('last_seen_unix_ms', number(f['last_seen_unix_ms'])),
    },
  ];
}

export function parsePairing(value: unknown): PairingState {
  const f = fields(value, 'pairing');
  if (typeof f['enabled'] !== 'boolean') throw unreadable('pairing.enabled is not true or false');
  const attempts = f['attempts'];
  return {
    enabled: f['enabled'],
    host_fingerprint: fingerprint(f['host_fingerprint']),
    now_unix_ms: whole(f['now_unix_ms']),
    attempts: Array.isArray(attempts) ? attempts.slice(0, MOST_ATTEMPTS).flatMap(attemptOf) : [],
    ...(typeof f['disabled_because'] === 'string'
      ? { disabled_because: visible(f['disabled_because'], MOST_SENTENCE) }
      : {}),
  };
}

export function parseAttempt(value: unknown): PairingAttempt {
  const [attempt] = attemptOf(value);
  if (attempt === undefined) throw unreadable('this is not an attempt to pair');
  return attempt;
}

function attemptOf(value: unknown): readonly PairingAttempt[] {
  const f = asFields(value);
  const attempt_id = text(f?.['attempt_id']);
  const phase = PHASES.find((known) => known === f?.['phase']);
  if (f === undefined || attempt_id === '' || phase === undefined) return [];
  return [
    {
      attempt_id,
      name: visible(f['name']),
      address: visible(f['address']),
      fingerprint: fingerprint(f['fingerprint']),
      started_unix_ms: whole(f['started_unix_ms']),
      phase,
      ...some('expires_unix_ms', number(f['expires_unix_ms'])),
      ...(typeof f['code'] === 'string' ? { code: f['code'] } : {}),
      ...(typeof f['message'] === 'string'
        ? { message: visible(f['message'], MOST_SENTENCE) }
        : {}),
    },
  ];
}

const PHASES: readonly PairingPhase[] = ['waiting_for_pin', 'verifying', 'paired', 'failed'];

export function parseSessions(value: unknown): readonly SessionInfo[] {
  if (!Array.isArray(value)) throw unreadable('the list of sessions is not a list');
  return value.flatMap(sessionOf);
}

export function sessionOf(value: unknown): readonly SessionInfo[] {
  const f = asFields(value);
  if (f === undefined) return [];
  const encryption = asFields(f['encryption']);
  const network = asFields(f['network']);
  const client_id = fingerprint(f['client_id']);
  return [
    {
      session_id: whole(f['session_id']),
      kind: oneOf(f['kind'], ['native', 'gamestream'], 'gamestream'),
      state: text(f['state']),
      client: visible(f['client']),
      source: text(f['source']),
      encoder: text(f['encoder']),
      codec: text(f['codec']),
      width: whole(f['width']),
      height: whole(f['height']),
      fps: whole(f['fps']),
      bitrate_kbps: whole(f['bitrate_kbps']),
      ...(client_id === '' ? {} : { client_id }),
      ...(typeof f['address'] === 'string' ? { address: visible(f['address']) } : {}),
      ...(typeof f['app'] === 'string' ? { app: visible(f['app']) } : {}),
      ...some('started_unix_ms', number(f['started_unix_ms'])),
      ...(encryption === undefined
        ? {}
        : {
            encryption: {
              // What is not known to be strong is not called so.
              control: oneOf(encryption['control'], ['v2', 'weak'], 'weak'),
              video: encryption['video'] === true,
              audio: encryption['audio'] === true,
            },
          }),
      ...(network === undefined
        ? {}
        : {
            network: {
              ...some('rtt_us', number(network['rtt_us'])),
              ...some('packets_lost', number(network['packets_lost'])),
              ...some('packets_recovered', number(network['packets_recovered'])),
            },
          }),
    },
  ];
}

export function parseHostStatus(value: unknown): HostStatus {
  const f = fields(value, 'host status');
  const app = asFields(f['app']);
  return {
    state: oneOf(f['state'], ['free', 'busy'], 'free'),
    sessions: whole(f['sessions']),
    max_sessions: whole(f['max_sessions']),
    measuring: f['measuring'] === true,
    waiting_for_pin: whole(f['waiting_for_pin']),
    ...(app === undefined
      ? {}
      : {
          app: {
            title: visible(app['title']),
            launched_by: visible(app['launched_by']),
            since_unix_ms: whole(app['since_unix_ms']),
          },
        }),
  };
}

export function parseTokens(value: unknown): readonly TokenInfo[] {
  if (!Array.isArray(value)) throw unreadable('the list of tokens is not a list');
  return value.flatMap(tokenOf);
}

export function parseCreatedToken(value: unknown): CreatedToken {
  const f = fields(value, 'token');
  const [info] = tokenOf(f['info']);
  if (typeof f['token'] !== 'string' || f['token'] === '' || info === undefined) {
    throw unreadable('the new token is not in it');
  }
  return { token: f['token'], info };
}

function tokenOf(value: unknown): readonly TokenInfo[] {
  const f = asFields(value);
  const token_id = text(f?.['token_id']);
  const scope = SCOPES.find((known) => known === f?.['scope']);
  if (f === undefined || token_id === '' || scope === undefined) return [];
  return [
    {
      token_id,
      name: visible(f['name']),
      scope,
      created_unix_ms: whole(f['created_unix_ms']),
      builtin: f['builtin'] === true,
      ...some('last_used_unix_ms', number(f['last_used_unix_ms'])),
    },
  ];
}

export const SCOPES = [
  'stats',
  'host:read',
  'admin',
] as const satisfies readonly TokenInfo['scope'][];

/** Undefined for a topic of a newer version. */
export function parseEvent(value: unknown): HostEvent | undefined {
  const f = fields(value, 'event');
  switch (f['topic']) {
    case 'sessions':
      return { topic: 'sessions', sessions: [...parseSessions(f['sessions'])] };
    case 'clients':
      return { topic: 'clients', clients: [...parseClients(f['clients'])] };
    case 'pairing':
      return { topic: 'pairing', pairing: parsePairing(f['pairing']) };
    case 'captures':
      return { topic: 'captures', status: parseFullStatus(f['status']) };
    default:
      return undefined;
  }
}

/** Text of a stranger: at most so many characters, and none that hides, breaks or turns what stands around it. */
function visible(value: unknown, most = MOST_NAME): string {
  const cut = [...text(value).slice(0, most * 2)].slice(0, most).join('');
  return cut.replace(
    /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu,
    '\ufffd',
  );
}

const fingerprint = (value: unknown): string =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value : '';

/** As the contract limits them. */
const MOST_NAME = 64;
const MOST_SENTENCE = 300;
/** A host holds a handful; more would be one that does not end them. */
const MOST_ATTEMPTS = 50;
