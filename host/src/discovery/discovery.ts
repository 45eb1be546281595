// Lets clients on the local network find the host: publishes it in mDNS on every link, under a name that nobody else has,
// follows links that come and go. A network that does not let it is a warning and no more: addresses can be typed.
import { hostname, type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { plainAddress } from '../addresses.ts';
import type { Clock } from '../clock.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { Link } from './link.ts';
import { instanceOf, type LinkAddresses, type ServiceIdentity, targetOf } from './records.ts';

export interface DiscoveryOptions {
  /** Display name of the host. */
  readonly name: string;
  /** The host's own, stable for ever. */
  readonly uniqueId: string;
  /** Of GameStream's clear HTTP. */
  readonly httpPort: number;
  /** What HTTP listens on: `::` both families, `0.0.0.0` IPv4 alone, or one address. */
  readonly listens: string;
  readonly log: Log;
  readonly clock: Clock;
  /** The machine's links; the system's own by default. */
  readonly interfaces?: () => NodeJS.Dict<NetworkInterfaceInfo[]>;
}

interface OpenLink {
  readonly link: Link;
  /** Its addresses, as a text to compare. */
  readonly mark: string;
}

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #links = new Map<string, OpenLink>();
  #identity: ServiceIdentity;
  #attempt = 1;
  #probing = false;
  #stopped = false;
  #cancelTimer: () => void = () => undefined;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#identity = {
      instance: instanceOf(options.name, 1),
      target: targetOf(hostname(), options.uniqueId),
      port: options.httpPort,
    };
  }

  /** The name it is published under: with ` (2)` when another host has it. */
  get instance(): string {
    return this.#identity.instance;
  }

  /** Begins, and resolves when the name is published. Never rejects. Call when HTTP and HTTPS accept connections. */
  async start(): Promise<void> {
    this.#openLinks();
    if (this.#links.size === 0) this.#options.log.info('no network to be found on');
    await this.#settleName();
    this.#watch();
  }

  /** Takes everything back. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    const links = [...this.#links.values()];
    this.#links.clear();
    await Promise.all(links.map(({ link }) => this.#close(link)));
  }

  /** Opens new links, closes those that are gone or have other addresses. True when there are new ones. */
  #openLinks(): boolean {
    const { interfaces = networkInterfaces, listens } = this.#options;
    const found = linksOf(interfaces(), listens);
    for (const [name, { link, mark }] of this.#links) {
      // One that failed stays as it is: to try again every few seconds would warn as often.
      if (found.get(name)?.mark === mark) continue;
      this.#links.delete(name);
      // Fire and forget: what cannot be said on a dead link is not said.
      void this.#close(link);
    }
    let added = false;
    for (const [name, { addresses, networks, mark }] of found) {
      if (this.#links.has(name)) continue;
      try {
        const { log, clock } = this.#options;
        const onRival = (target: string): void => this.#onRival(target);
        const link = new Link(this.#identity, { addresses, networks, log, clock, onRival });
        this.#links.set(name, { link, mark });
        added = true;
      } catch (error) {
        this.#options.log.warn('clients on this network will not find the host by themselves', {
          network: name,
          reason: reasonOf(error),
        });
      }
    }
    return added;
  }

  /** Asks on every link until nobody has the name, then publishes it. */
  async #settleName(): Promise<void> {
    this.#probing = true;
    for (let asked = 0; asked < PROBES && !this.#stopped; asked += 1) {
      const { instance } = this.#identity;
      for (const { link } of this.#links.values()) link.probe(this.#identity);
      await this.#wait(PROBE_MS);
      // Another name begins anew.
      if (this.#identity.instance !== instance) asked = -1;
    }
    this.#probing = false;
    if (this.#stopped || this.#links.size === 0) return;
    for (const { link } of this.#links.values()) link.publish(this.#identity);
    // Those that failed have said so.
    const heard = [...this.#links.values()].filter(({ link }) => !link.failed);
    if (heard.length === 0) return;
    this.#options.log.info('clients on the local network can find the host', {
      name: this.#identity.instance,
      networks: heard.length,
    });
  }

  #onRival(target: string): void {
    if (this.#stopped || this.#attempt >= MAX_ATTEMPTS) return;
    // Two that hold the name already: one gives way, by the order of their targets.
    if (!this.#probing && target.toLowerCase() < this.#identity.target.toLowerCase()) return;
    this.#attempt += 1;
    const instance = instanceOf(this.#options.name, this.#attempt);
    this.#options.log.info('another host on the network has this name', { target, now: instance });
    const held = !this.#probing;
    this.#identity = { ...this.#identity, instance };
    // Fire and forget: it never rejects.
    if (held) void this.#settleName();
  }

  #watch(): void {
    if (this.#stopped) return;
    this.#cancelTimer = this.#options.clock.after(WATCH_MS, () => {
      const added = this.#openLinks();
      // Fire and forget: it never rejects.
      void (added && !this.#probing ? this.#settleName() : Promise.resolve()).then(() =>
        this.#watch(),
      );
    });
  }

  async #close(link: Link): Promise<void> {
    try {
      await link.close();
    } catch (error) {
      this.#options.log.debug('a link did not close cleanly', { reason: reasonOf(error) });
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.after(ms, resolve);
    });
  }
}

interface FoundLink {
  readonly addresses: LinkAddresses;
  readonly networks: readonly string[];
  readonly mark: string;
}

/** Links with an IPv4 address that HTTP listens on; IPv6 addresses only where it listens on them as well. */
export function linksOf(
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>,
  listens: string,
): ReadonlyMap<string, FoundLink> {
  const found = new Map<string, FoundLink>();
  for (const [name, entries = []] of Object.entries(interfaces)) {
    const own = entries.filter(({ internal }) => !internal);
    const heard = own.filter(({ address, family }) => {
      if (listens === '::') return true;
      return listens === '0.0.0.0' ? family === 'IPv4' : plainAddress(address) === listens;
    });
    const of = (family: string) =>
      heard.filter((entry) => entry.family === family).map(({ address }) => plainAddress(address));
    const addresses = { ipv4: of('IPv4'), ipv6: of('IPv6') };
    const networks = own.flatMap(({ family, cidr }) =>
      family === 'IPv4' && cidr !== null ? [cidr] : [],
    );
    if (addresses.ipv4.length === 0 || networks.length === 0) continue;
    found.set(name, { addresses, networks, mark: JSON.stringify([addresses, networks]) });
  }
  return found;
}

/** RFC 6762 §8.1: three questions, a quarter of a second apart. */
const PROBES = 3;
const PROBE_MS = 250;
const MAX_ATTEMPTS = 20;
/** Wi-Fi that comes back, a cable, a VPN. */
const WATCH_MS = 15_000;
