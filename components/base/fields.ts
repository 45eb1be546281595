// Fields of an answer that nobody has checked yet, taken out by hand: no schema library in a browser bundle.
import { ApiFailure } from './stats-api.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown, what: string): Fields {
  const found = asFields(value);
  if (found === undefined) throw unreadable(`${what} is not an object`);
  return found;
}

export const asFields = (value: unknown): Fields | undefined =>
  isFields(value) ? value : undefined;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A finite number ≥ 0, else absent: `null` in JSON means "not measured". */
export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** A required number. The schema forbids its absence, so 0 here is a broken peer and not a measurement. */
export const whole = (value: unknown): number => number(value) ?? 0;

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export function oneOf<T extends string>(
  value: unknown,
  allowed: readonly T[],
  otherwise: NoInfer<T>,
): T {
  return allowed.find((one) => one === value) ?? otherwise;
}

export function some<K extends string>(key: K, value: number | undefined): { [P in K]?: number } {
  const out: { [P in K]?: number } = {};
  if (value !== undefined) out[key] = value;
  return out;
}

/** What was taken out of it before it was shown to others. */
export function redactedOf(f: Fields): { redacted?: string[] } {
  const names = f['redacted'];
  if (!Array.isArray(names)) return {};
  return { redacted: names.filter((name) => typeof name === 'string').slice(0, MOST_REDACTED) };
}

const MOST_REDACTED = 40;

/** What is wrong with an answer; the sentence around it is the element's, in its language. */
export const unreadable = (what: string): ApiFailure => new ApiFailure('unreadable', `${what}.`);
