// Two network namespaces joined by a cable, made for one test: one for the host, one for clients. Loss and rate are the
// kernel's own (nftables, tc). Needs root.
import { $ } from 'bun';

/** Empty, or why tests with a network of their own cannot run. */
export const missingNetwork =
  process.getuid?.() === 0 ? '' : ' (skipped: network namespaces need root)';

export interface NetworkEnd {
  readonly namespace: string;
  /** Words before a command that shall run here. */
  readonly wrapper: readonly string[];
  readonly address: string;
  readonly address6: string;
  readonly device: string;
}

let made = 0;

export class Network implements AsyncDisposable {
  readonly host: NetworkEnd;
  readonly client: NetworkEnd;

  private constructor(host: NetworkEnd, client: NetworkEnd) {
    this.host = host;
    this.client = client;
  }

  static async create(): Promise<Network> {
    made += 1;
    const id = `${process.pid.toString(36)}${made}`;
    const end = (side: 'h' | 'c', last: number): NetworkEnd => ({
      namespace: `pf-${id}-${side}`,
      wrapper: ['ip', 'netns', 'exec', `pf-${id}-${side}`],
      address: `10.231.77.${last}`,
      address6: `fd77:231::${last}`,
      device: `pf${id}${side}`,
    });
    const network = new Network(end('h', 1), end('c', 2));
    try {
      await network.#build();
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  /** Drops a share of the UDP datagrams that the client gets from the host's port. */
  async loss(port: number, pct: number): Promise<void> {
    await this.#drop(
      `udp sport ${port} numgen random mod 1000 < ${Math.round(pct * 10)} counter drop`,
    );
  }

  /** Drops `length` datagrams in a row of every `period`. */
  async bursts(port: number, length: number, period: number): Promise<void> {
    await this.#drop(`udp sport ${port} numgen inc mod ${period} < ${length} counter drop`);
  }

  /** Drops everything between the two, as a pulled plug. */
  async cut(): Promise<void> {
    await this.#drop('counter drop');
  }

  /** Lets everything through again; answers how many packets were dropped. */
  async heal(): Promise<number> {
    const { namespace } = this.client;
    const rules = await $`ip netns exec ${namespace} nft list table inet loss`.quiet().nothrow();
    await $`ip netns exec ${namespace} nft delete table inet loss`.quiet().nothrow();
    return Number(/counter packets (\d+)/.exec(rules.stdout.toString())?.[1] ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { namespace } of [this.host, this.client]) {
      await $`ip netns delete ${namespace}`.quiet().nothrow();
    }
  }

  async #drop(rule: string): Promise<void> {
    await this.heal();
    const script = `table inet loss {\n chain in {\n type filter hook input priority 0\n ${rule}\n }\n}\n`;
    await $`ip netns exec ${this.client.namespace} nft -f - < ${new Response(script)}`.quiet();
  }

  async #build(): Promise<void> {
    const { host, client } = this;
    await $`ip netns add ${host.namespace}`.quiet();
    await $`ip netns add ${client.namespace}`.quiet();
    await $`ip link add ${host.device} netns ${host.namespace} type veth peer name ${client.device} netns ${client.namespace}`.quiet();
    for (const { namespace, device, address, address6 } of [host, client]) {
      const ip = ['ip', '-n', namespace];
      await $`${ip} link set lo up`.quiet();
      await $`${ip} addr add ${address}/24 dev ${device}`.quiet();
      await $`${ip} addr add ${address6}/64 dev ${device} nodad`.quiet();
      // Datagrams that were sent as one train travel one by one, as on a real cable: loss takes one of them.
      await $`${ip} link set ${device} gso_max_segs 1`.quiet();
      await $`${ip} link set ${device} up`.quiet();
      // Multicast finds its way: mDNS.
      await $`${ip} route add 224.0.0.0/4 dev ${device}`.quiet();
    }
  }
}
