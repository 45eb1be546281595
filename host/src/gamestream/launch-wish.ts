// What /launch and /resume ask for, read strictly (gamestream-control-plane.md §3.8, §3.9). Values never reach a
// message: one of them is the key of everything.
import { AppError } from '../errors.ts';
import type { ClientRef, StreamMode, StreamWish } from '../sessions/stream-control.ts';
import { badParameter, type Query } from './query.ts';
import type { HttpRequest } from './server.ts';

/** Of /launch: app and mode must be there. Throws AppError `bad_parameter`. */
export function launchWish(
  client: ClientRef,
  request: HttpRequest,
  query: Query,
): StreamWish & { readonly appId: number } {
  const wish = resumeWish(client, request, query);
  if (wish.mode === undefined) absent('mode');
  return { ...wish, appId: wish.appId ?? absent('appid') };
}

/** Of /resume: all but the key keeps its value when it is missing. Throws AppError `bad_parameter`. */
export function resumeWish(client: ClientRef, request: HttpRequest, query: Query): StreamWish {
  const appId = appIdOf(query);
  const mode = modeOf(query);
  const playSoundOnHost = switchOf(query, 'localAudioPlayMode');
  const channels = channelsOf(query);
  const controllers = query.unsigned('gcmap') ?? query.unsigned('remoteControllersBitmap');
  const keepControllers = switchOf(query, 'gcpersist');
  const hdr = switchOf(query, 'hdrMode');
  return {
    client,
    peerAddress: request.peerAddress,
    localAddress: request.localAddress,
    key: keyOf(query),
    keyId: query.int32('rikeyid') ?? absent('rikeyid'),
    sealedRtsp: (query.unsigned('corever') ?? 0) >= 1,
    ...(appId === undefined ? {} : { appId }),
    ...(mode === undefined ? {} : { mode }),
    ...(playSoundOnHost === undefined ? {} : { playSoundOnHost }),
    ...(channels === undefined ? {} : { channels }),
    ...(controllers === undefined ? {} : { controllers }),
    ...(keepControllers === undefined ? {} : { keepControllers }),
    ...(hdr === undefined ? {} : { hdr }),
  };
}

/** A positive id; undefined when it is missing. */
export function appIdOf(query: Query): number | undefined {
  const id = query.unsigned('appid', 0x7fff_ffff);
  if (id === 0) throw badParameter('appid', 'a number from 1 to 2147483647');
  return id;
}

function keyOf(query: Query): Uint8Array {
  const key = query.hex('rikey', KEY_BYTES) ?? absent('rikey');
  if (key.length !== KEY_BYTES || key.every((byte) => byte === 0)) {
    throw badParameter('rikey', `a key of ${KEY_BYTES} bytes`);
  }
  return key;
}

function modeOf(query: Query): StreamMode | undefined {
  const text = query.get('mode');
  if (text === undefined) return undefined;
  const [, width, height, fps] = /^(\d{1,5})x(\d{1,5})x(\d{1,3})$/.exec(text)?.map(Number) ?? [];
  if (!within(width, 16, 8192) || !within(height, 16, 8192) || !within(fps, 0, 240)) {
    throw badParameter('mode', 'a mode such as 1920x1080x60');
  }
  return { width, height, fps };
}

function channelsOf(query: Query): 2 | 6 | 8 | undefined {
  const info = query.unsigned('surroundAudioInfo');
  if (info === undefined) return undefined;
  const count = info & 0xffff;
  return count === 6 || count === 8 ? count : 2;
}

function switchOf(query: Query, name: string): boolean | undefined {
  const value = query.unsigned(name);
  return value === undefined ? undefined : value !== 0;
}

function within(value: number | undefined, least: number, most: number): value is number {
  return value !== undefined && value >= least && value <= most;
}

function absent(name: string): never {
  throw new AppError(400, 'bad_parameter', `The parameter ${name} is missing.`);
}

const KEY_BYTES = 16;
