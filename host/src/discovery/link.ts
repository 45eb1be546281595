// One network link in mDNS: asks whether our name is taken, says who we are, answers what is asked, takes it back.
// IPv4 multicast, as all clients speak it; IPv6 addresses are told over it. Queries from beyond the link are ignored.
import type { RemoteInfo } from 'node:dgram';
import { BlockList } from 'node:net';
import multicastDns from 'multicast-dns';
import type { Clock } from '../clock.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import {
  answerTo,
  type DnsRecord,
  instanceName,
  type LinkAddresses,
  recordsOf,
  rivalTarget,
  type ServiceIdentity,
} from './records.ts';

export interface LinkOptions {
  readonly addresses: LinkAddresses;
  /** `192.168.1.5/24` … of the link: who is a neighbour. */
  readonly networks: readonly string[];
  readonly log: Log;
  readonly clock: Clock;
  /** Somebody else has our instance's name, under this target. */
  readonly onRival: (target: string) => void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #mdns: ReturnType<typeof multicastDns>;
  readonly #neighbours = new BlockList();
  /** The name that is asked for or held. */
  #wanted: ServiceIdentity;
  #published: ServiceIdentity | undefined;
  #failed = false;
  #closed = false;
  /** Answers in the current second. */
  #answered = { sinceMs: 0, count: 0 };
  #cancelTimer: () => void = () => undefined;

  constructor(identity: ServiceIdentity, options: LinkOptions) {
    this.#wanted = identity;
    this.#options = options;
    for (const network of options.networks) {
      const [address = '', prefix = ''] = network.split('/');
      this.#neighbours.addSubnet(address, Number(prefix), 'ipv4');
    }
    const [own = ''] = options.addresses.ipv4;
    this.#mdns = multicastDns({ interface: own, bind: '0.0.0.0' });
    this.#mdns.setMaxListeners(0);
    this.#mdns.on('error', (error: Error) => this.#fail(error));
    // Garbage from the network, and sends that a link refuses while it goes down.
    this.#mdns.on('warning', () => undefined);
    this.#mdns.on('query', (query: multicastDns.QueryPacket, from: RemoteInfo) =>
      this.#onQuery(query, from),
    );
    this.#mdns.on('response', ({ answers, additionals }: Incoming, from: RemoteInfo) => {
      if (!this.#isNeighbour(from)) return;
      const rival = rivalTarget([...(answers ?? []), ...(additionals ?? [])], this.#wanted);
      if (rival !== undefined) options.onRival(rival);
    });
  }

  /** Port 5353 could not be had. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Asks who has a name: an answer comes through `onRival`. */
  probe(identity: ServiceIdentity): void {
    this.#wanted = identity;
    // Of any type.
    this.#mdns.query(instanceName(identity.instance));
  }

  /** Says who we are, three times: the first may be lost. */
  publish(identity: ServiceIdentity): void {
    if (this.#published !== undefined) this.#sayGoodbye(() => undefined);
    this.#wanted = identity;
    this.#published = identity;
    this.#announce(ANNOUNCE_AFTER_MS);
  }

  /** Takes everything back and closes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer();
    if (this.#published !== undefined && !this.#failed) {
      const said = Promise.withResolvers<void>();
      const cancel = this.#options.clock.after(GOODBYE_MS, () => said.resolve());
      this.#sayGoodbye(() => said.resolve());
      await said.promise;
      cancel();
    }
    await new Promise<void>((resolve) => {
      this.#mdns.destroy(() => resolve());
    });
  }

  get #records(): DnsRecord[] {
    if (this.#published === undefined) return [];
    return recordsOf(this.#published, this.#options.addresses);
  }

  #announce([waitMs, ...later]: readonly number[]): void {
    this.#cancelTimer();
    if (this.#closed || this.#failed) return;
    this.#mdns.respond(outgoing(this.#records));
    if (waitMs === undefined) return;
    this.#cancelTimer = this.#options.clock.after(waitMs, () => this.#announce(later));
  }

  #sayGoodbye(done: () => void): void {
    this.#mdns.respond(outgoing(this.#records.map((record) => ({ ...record, ttl: 0 }))), done);
  }

  #onQuery(query: multicastDns.QueryPacket, from: RemoteInfo): void {
    if (this.#closed || !this.#isNeighbour(from)) return;
    const answer = answerTo(query.questions ?? [], this.#records, known(query.answers));
    if (answer === undefined || this.#isTooMany()) return;
    const packet = {
      answers: outgoing(answer.answers),
      additionals: outgoing(answer.additionals),
    };
    // A simple resolver, on a port of its own, hears no multicast and knows no cache to flush.
    if (from.port === MDNS_PORT) this.#mdns.respond(packet);
    else this.#mdns.respond({ ...plain(packet), ...echoed(query) }, from);
  }

  #isNeighbour(from: RemoteInfo): boolean {
    return this.#neighbours.check(from.address, 'ipv4');
  }

  /** A flood is answered as little as it likes. */
  #isTooMany(): boolean {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#answered.sinceMs >= 1000) this.#answered = { sinceMs: nowMs, count: 0 };
    this.#answered.count += 1;
    return this.#answered.count > ANSWERS_A_SECOND;
  }

  #fail(error: unknown): void {
    if (this.#failed || this.#closed) return;
    this.#failed = true;
    this.#options.log.warn('clients on this network will not find the host by themselves', {
      address: this.#options.addresses.ipv4[0],
      reason: reasonOf(error),
    });
  }
}

type Incoming = multicastDns.ResponsePacket;
type Outgoing = multicastDns.ResponseOutgoingPacket['answers'];

function outgoing(records: readonly DnsRecord[]): Outgoing {
  return records.map((record) => {
    if (record.type === 'TXT') return { ...record, data: [...record.data] };
    return record.type === 'SRV' ? { ...record, data: { ...record.data } } : record;
  });
}

function plain(packet: { readonly answers: Outgoing; readonly additionals: Outgoing }) {
  const withoutFlush = (records: Outgoing): Outgoing =>
    records.map((record) => ('flush' in record ? { ...record, flush: false } : record));
  return {
    answers: withoutFlush(packet.answers),
    additionals: withoutFlush(packet.additionals),
  };
}

function echoed(query: multicastDns.QueryPacket) {
  const questions = (query.questions ?? []).map(({ name, type }) => ({ name, type }));
  return query.id === undefined ? { questions } : { id: query.id, questions };
}

/** Of the answers that an asker already has, those that could be ours. */
function known(answers: multicastDns.QueryPacket['answers']): DnsRecord[] {
  return (answers ?? []).flatMap((answer) =>
    answer.type === 'PTR'
      ? [{ name: answer.name, type: 'PTR' as const, ttl: answer.ttl ?? 0, data: answer.data }]
      : [],
  );
}

const MDNS_PORT = 5353;
const ANNOUNCE_AFTER_MS = [1000, 2000] as const;
const GOODBYE_MS = 500;
const ANSWERS_A_SECOND = 20;
