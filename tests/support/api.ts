// Addresses of the API and how its tests read an answer: parsed by the contract's schema or refused.
import Type, { type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { ApiError } from '../../contract/errors.ts';

export const API = '/api/v1';
export const START = `${API}/stats/capture/start`;
export const STOP = `${API}/stats/capture/stop`;
export const STATUS = `${API}/stats/capture/status`;
export const LIVE = `${API}/stats/capture/live`;
export const RECORDINGS = `${API}/stats/recordings`;
export const STREAM = `${API}/stats/capture/stream`;
export const MARKERS = `${API}/stats/capture/markers`;
export const TRASH = `${API}/stats/trash`;
export const TEST_STREAMS = `${API}/test-streams`;

/** What a request with a JSON body is made of. */
export function jsonBody(value: unknown): RequestInit {
  return { body: JSON.stringify(value), headers: { 'content-type': 'application/json' } };
}

export const anyArray = Type.Array(Type.Unknown());

/** Every route that needs the token. */
export const ROUTES: readonly (readonly [method: string, path: string])[] = [
  ['POST', START],
  ['POST', STOP],
  ['GET', STATUS],
  ['GET', LIVE],
  ['GET', RECORDINGS],
  ['GET', `${RECORDINGS}/x`],
  ['DELETE', `${RECORDINGS}/x`],
  ['POST', RECORDINGS],
  ['PATCH', `${RECORDINGS}/x`],
  ['POST', `${RECORDINGS}/x/restore`],
  ['GET', `${RECORDINGS}/x/frames`],
  ['GET', `${RECORDINGS}/x/quantiles`],
  ['GET', `${RECORDINGS}/x/events`],
  ['GET', TRASH],
  ['GET', STREAM],
  ['POST', MARKERS],
  ['POST', `${API}/stats/black-box/save`],
  ['POST', `${API}/stats/last-run/save`],
  ['DELETE', `${API}/stats/last-run`],
  ['GET', '/metrics'],
  ['GET', `${API}/host`],
  ['POST', TEST_STREAMS],
  ['GET', TEST_STREAMS],
  ['DELETE', TEST_STREAMS],
  ['GET', `${API}/status`],
  ['GET', `${API}/sessions`],
  ['DELETE', `${API}/sessions/1`],
  ['DELETE', `${API}/app`],
  ['GET', `${API}/clients`],
  ['PATCH', `${API}/clients/x`],
  ['DELETE', `${API}/clients/x`],
  ['POST', `${API}/clients/pin`],
  ['GET', `${API}/pairing`],
  ['PUT', `${API}/pairing`],
  ['DELETE', `${API}/pairing/x`],
  ['GET', `${API}/tokens`],
  ['POST', `${API}/tokens`],
  ['DELETE', `${API}/tokens/x`],
  ['GET', `${API}/events`],
];

/** Answers that have no end. */
export const ENDLESS: readonly string[] = [`${API}/events`, STREAM];

export async function body<T>(response: Response, schema: TSchema): Promise<T> {
  const data: unknown = await response.json();
  if (!isOf<T>(schema, data)) {
    throw new Error(`${JSON.stringify(data)}: ${JSON.stringify(Value.Errors(schema, data))}`);
  }
  return data;
}

export function isOf<T>(schema: TSchema, data: unknown): data is T {
  return Value.Check(schema, data);
}

export async function fault(response: Response): Promise<readonly [number, string]> {
  const { code } = await body<{ code: string }>(response, ApiError);
  return [response.status, code];
}
