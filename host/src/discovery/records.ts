// What the host says of itself in DNS-SD, and which of it answers a question (gamestream-control-plane.md §2). No socket.
import { createHash } from 'node:crypto';

export interface ServiceIdentity {
  /** Shown by browsers of services; clients show serverinfo's name instead. */
  readonly instance: string;
  /** `living-room-1a2b3c4d.local` */
  readonly target: string;
  /** Of GameStream's clear HTTP. */
  readonly port: number;
}

export interface LinkAddresses {
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
}

export type DnsRecord = {
  readonly name: string;
  /** Seconds; 0 takes the record back. */
  readonly ttl: number;
  /** The only one of its kind: caches drop what they had. */
  readonly flush?: true;
} & (
  | { readonly type: 'PTR' | 'A' | 'AAAA'; readonly data: string }
  | { readonly type: 'SRV'; readonly data: { readonly target: string; readonly port: number } }
  | { readonly type: 'TXT'; readonly data: string[] }
);

export interface DnsQuestion {
  readonly name: string;
  readonly type: string;
}

/** What somebody else said; nothing of it is checked. */
export interface HeardRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl?: unknown;
  readonly data?: unknown;
}

export interface DnsAnswer {
  readonly answers: readonly DnsRecord[];
  /** What the asker will want next. */
  readonly additionals: readonly DnsRecord[];
}

/**
 * A target of our own: under the machine's plain `.local` name other addresses may be known to the system's own
 * responder, which would take that for a stranger and rename the machine.
 */
export function targetOf(hostName: string, uniqueId: string): string {
  const label = (hostName.split('.', 1)[0] ?? '').replace(/[^A-Za-z0-9-]/g, '').slice(0, 40);
  const mark = createHash('sha256').update(uniqueId).digest('hex').slice(0, 8);
  return `${label || 'punktfunk'}-${mark}.${DOMAIN}`;
}

/** A label of at most 63 bytes: dots would end it, and ` (2)` tells a second host of the same name. */
export function instanceOf(name: string, attempt: number): string {
  const suffix = attempt === 1 ? '' : ` (${attempt})`;
  let label = '';
  for (const character of name.replaceAll('.', '-').trim()) {
    if (Buffer.byteLength(label + character + suffix) > MAX_LABEL_BYTES) break;
    label += character;
  }
  return `${label || 'punktfunk'}${suffix}`;
}

export function instanceName(instance: string): string {
  return `${instance}.${SERVICE}`;
}

/** Everything that is said on one link. */
export function recordsOf(identity: ServiceIdentity, addresses: LinkAddresses): DnsRecord[] {
  const { target, port } = identity;
  const name = instanceName(identity.instance);
  return [
    { name: SERVICE, type: 'PTR', ttl: OTHER_TTL_S, data: name },
    { name: SERVICE_LIST, type: 'PTR', ttl: OTHER_TTL_S, data: SERVICE },
    { name, type: 'SRV', ttl: HOST_TTL_S, flush: true, data: { target, port } },
    // One empty string: no client reads any, and none at all would be malformed.
    { name, type: 'TXT', ttl: OTHER_TTL_S, flush: true, data: [''] },
    ...addresses.ipv4.map((data) => addressRecord(target, 'A', data)),
    ...addresses.ipv6.map((data) => addressRecord(target, 'AAAA', data)),
  ];
}

/** What of `records` answers the questions; undefined when nothing does, or the asker knows it (`known`). */
export function answerTo(
  questions: readonly DnsQuestion[],
  records: readonly DnsRecord[],
  known: readonly DnsRecord[] = [],
): DnsAnswer | undefined {
  const asked = questions.slice(0, MAX_QUESTIONS);
  const answers = records.filter(
    (record) =>
      asked.some(({ name, type }) => sameName(name, record.name) && fits(type, record.type)) &&
      !known.some((other) => isKnown(record, other)),
  );
  if (answers.length === 0) return undefined;
  const wanted = new Set<DnsRecord>();
  for (const { type, data } of answers) {
    if (type === 'PTR') for (const record of named(records, data)) wanted.add(record);
  }
  for (const record of [...answers, ...wanted]) {
    if (record.type !== 'SRV') continue;
    for (const address of named(records, record.data.target)) wanted.add(address);
  }
  return { answers, additionals: [...wanted].filter((record) => !answers.includes(record)) };
}

/** The target under which somebody else has our instance's name; undefined when nobody has. */
export function rivalTarget(
  records: readonly HeardRecord[],
  identity: ServiceIdentity,
): string | undefined {
  for (const { name, type, ttl, data } of records) {
    // One that is taken back is no claim.
    if (type !== 'SRV' || ttl === 0) continue;
    if (!sameName(name, instanceName(identity.instance))) continue;
    if (typeof data !== 'object' || data === null || !('target' in data)) continue;
    const { target } = data;
    if (typeof target === 'string' && !sameName(target, identity.target)) return target;
  }
  return undefined;
}

function addressRecord(name: string, type: 'A' | 'AAAA', data: string): DnsRecord {
  return { name, type, ttl: HOST_TTL_S, flush: true, data };
}

function named(records: readonly DnsRecord[], name: string): DnsRecord[] {
  return records.filter((record) => record.type !== 'PTR' && sameName(record.name, name));
}

function fits(asked: string, type: string): boolean {
  return asked === type || asked === 'ANY';
}

/** Known for at least half of its time to come. */
function isKnown(record: DnsRecord, other: DnsRecord): boolean {
  return (
    record.type === 'PTR' &&
    other.type === 'PTR' &&
    sameName(record.name, other.name) &&
    sameName(record.data, other.data) &&
    other.ttl >= record.ttl / 2
  );
}

function sameName(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

const DOMAIN = 'local';
export const SERVICE = '_nvstream._tcp.local';
const SERVICE_LIST = '_services._dns-sd._udp.local';
const HOST_TTL_S = 120;
const OTHER_TTL_S = 4500;
const MAX_LABEL_BYTES = 63;
const MAX_QUESTIONS = 32;
