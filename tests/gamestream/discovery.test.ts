// mDNS (gamestream-control-plane.md §2): the records and who is answered, then hosts and a client in network namespaces.
import { describe, expect, test } from 'bun:test';
import type { NetworkInterfaceInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { linksOf } from '../../host/src/discovery/discovery.ts';
import {
  answerTo,
  instanceOf,
  recordsOf,
  rivalTarget,
  targetOf,
} from '../../host/src/discovery/records.ts';
import { missingNetwork, Network, type NetworkEnd } from '../support/network.ts';

const HOST = { instance: 'Living room', target: 'box-12345678.local', port: 47_989 };
const RECORDS = recordsOf(HOST, { ipv4: ['10.0.0.1'], ipv6: ['fe80::1', 'fd00::1'] });
const NAME = 'Living room._nvstream._tcp.local';

describe('the records', () => {
  test('are those that clients resolve', () => {
    expect(RECORDS.map(({ name, type, ttl, data }) => [name, type, ttl, data])).toEqual([
      ['_nvstream._tcp.local', 'PTR', 4500, NAME],
      ['_services._dns-sd._udp.local', 'PTR', 4500, '_nvstream._tcp.local'],
      [NAME, 'SRV', 120, { target: 'box-12345678.local', port: 47_989 }],
      [NAME, 'TXT', 4500, ['']],
      ['box-12345678.local', 'A', 120, '10.0.0.1'],
      ['box-12345678.local', 'AAAA', 120, 'fe80::1'],
      ['box-12345678.local', 'AAAA', 120, 'fd00::1'],
    ]);
  });

  test('answer the service with all that a client wants next', () => {
    const answer = answerTo([{ name: '_NVSTREAM._tcp.local', type: 'PTR' }], RECORDS);
    expect(answer?.answers.map(({ type }) => type)).toEqual(['PTR']);
    expect(answer?.additionals.map(({ type }) => type).sort()).toEqual([
      'A',
      'AAAA',
      'AAAA',
      'SRV',
      'TXT',
    ]);
  });

  test('answer the name with its addresses, and an address alone', () => {
    const types = (name: string, type: string) =>
      answerTo([{ name, type }], RECORDS)?.answers.map((record) => record.type);
    expect(types(NAME, 'SRV')).toEqual(['SRV']);
    expect(types(NAME, 'ANY')).toEqual(['SRV', 'TXT']);
    expect(types(HOST.target, 'A')).toEqual(['A']);
    expect(types('_services._dns-sd._udp.local', 'PTR')).toEqual(['PTR']);
  });

  test('answer nothing else, and not what the asker knows', () => {
    const service = [{ name: '_nvstream._tcp.local', type: 'PTR' }];
    expect(answerTo([{ name: '_http._tcp.local', type: 'PTR' }], RECORDS)).toBeUndefined();
    expect(answerTo([{ name: '_nvstream._tcp.local', type: 'A' }], RECORDS)).toBeUndefined();
    const known = (ttl: number) =>
      answerTo(service, RECORDS, [{ name: '_nvstream._tcp.local', type: 'PTR', ttl, data: NAME }]);
    expect(known(2250)).toBeUndefined();
    expect(known(2249)).toBeDefined();
  });

  test('are claimed by somebody else only under another target, and not when taken back', () => {
    const srv = (target: unknown, ttl = 120) => [
      { name: NAME, type: 'SRV', ttl, data: { target } },
    ];
    expect(rivalTarget(srv('other.local'), HOST)).toBe('other.local');
    expect(rivalTarget(srv('BOX-12345678.local'), HOST)).toBeUndefined();
    expect(rivalTarget(srv('other.local', 0), HOST)).toBeUndefined();
    expect(rivalTarget([...srv(5), ...srv(undefined)], HOST)).toBeUndefined();
    expect(rivalTarget([{ name: 'x', type: 'SRV', data: { target: 'y' } }], HOST)).toBeUndefined();
  });
});

describe('names', () => {
  test('of instances are labels that DNS takes, whatever the host is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), fc.nat(40), (name, n) => {
        const label = instanceOf(name, n + 1);
        expect(Buffer.byteLength(label)).toBeLessThanOrEqual(63);
        expect(label).not.toContain('.');
        expect(label.length).toBeGreaterThan(0);
        expect(label.endsWith(` (${n + 1})`)).toBe(n > 0);
      }),
    );
    expect(instanceOf('Björn’s v1.2', 1)).toBe('Björn’s v1-2');
    expect(instanceOf('', 2)).toBe('punktfunk (2)');
  });

  test('of targets differ between two machines that are called the same', () => {
    expect(targetOf('steamdeck.lan', 'a')).toMatch(/^steamdeck-[0-9a-f]{8}\.local$/);
    expect(targetOf('steamdeck', 'a')).not.toBe(targetOf('steamdeck', 'b'));
    expect(targetOf('ä_ö', 'a')).toMatch(/^punktfunk-/);
  });
});

describe('links', () => {
  const entry = (address: string, prefix: number, internal = false): NetworkInterfaceInfo => {
    const common = { address, netmask: '', mac: '', internal, cidr: `${address}/${prefix}` };
    return address.includes(':')
      ? { ...common, family: 'IPv6', scopeid: 0 }
      : { ...common, family: 'IPv4' };
  };
  const machine = {
    lo: [entry('127.0.0.1', 8, true), entry('::1', 128, true)],
    eth0: [entry('192.168.1.5', 24), entry('fe80::5', 64)],
    wlan0: [entry('10.0.0.7', 8)],
    tun0: [entry('fd00::9', 64)],
  };
  const seen = (listens: string) =>
    [...linksOf(machine, listens)].map(([name, { addresses }]) => [
      name,
      ...addresses.ipv4,
      ...addresses.ipv6,
    ]);

  test('are those with addresses that the host listens on; never loopback', () => {
    expect(seen('::')).toEqual([
      ['eth0', '192.168.1.5', 'fe80::5'],
      ['wlan0', '10.0.0.7'],
    ]);
    expect(seen('0.0.0.0')).toEqual([
      ['eth0', '192.168.1.5'],
      ['wlan0', '10.0.0.7'],
    ]);
    expect(seen('10.0.0.7')).toEqual([['wlan0', '10.0.0.7']]);
    expect(seen('127.0.0.1')).toEqual([]);
  });
});

describe.skipIf(missingNetwork !== '')(`on a network${missingNetwork}`, () => {
  test('a client finds the host, and hears when it goes', async () => {
    await using network = await Network.create();
    const client = listen(network.client);
    const host = await publish(network.host, ['Living room', 'a', '47989', '::']);
    const service = await client.until(({ type, name }) => type === 'PTR' && name === SERVICE);
    expect(service.data).toBe(NAME);
    const srv = await client.until(({ type }) => type === 'SRV');
    expect(srv).toMatchObject({ name: NAME, ttl: 120, data: { port: 47_989, priority: 0 } });
    expect((await client.until(({ type }) => type === 'TXT')).data).toEqual([0]);
    const a = await client.until(({ type }) => type === 'A');
    expect(a.data).toBe(network.host.address);
    expect(srv.data).toMatchObject({ target: a.name });
    await client.until(({ type, data }) => type === 'AAAA' && data === network.host.address6);
    await host.stop();
    const gone = await client.until(({ type, ttl }) => type === 'SRV' && ttl === 0);
    expect(gone.name).toBe(NAME);
    await client.stop();
  }, 30_000);

  test('a simple resolver on a port of its own is answered directly', async () => {
    await using network = await Network.create();
    const host = await publish(network.host, ['Living room', 'a', '47989', '0.0.0.0']);
    const client = listen(network.client, 'simple');
    const srv = await client.until(({ type }) => type === 'SRV');
    expect(srv).toMatchObject({ name: NAME, flush: false });
    expect(client.heard.some(({ type }) => type === 'AAAA')).toBe(false);
    await client.stop();
    await host.stop();
  }, 30_000);

  test('a second host of the same name takes another', async () => {
    await using network = await Network.create();
    const first = await publish(network.host, ['Living room', 'a', '47989', '::']);
    const second = await publish(network.client, ['Living room', 'b', '48989', '::']);
    expect([first.instance, second.instance]).toEqual(['Living room', 'Living room (2)']);
    await first.stop();
    await second.stop();
  }, 30_000);

  test('a host that cannot have mDNS’s port says so and goes on', async () => {
    await using network = await Network.create();
    const { wrapper } = network.host;
    const hold = "require('dgram').createSocket('udp4').bind(5353, () => console.log('held'))";
    const holder = Bun.spawn([...wrapper, process.execPath, '-e', hold], { stdout: 'pipe' });
    await holder.stdout.getReader().read();
    const host = await publish(network.host, ['Living room', 'a', '47989', '::']);
    const log = await host.stop();
    expect(log).toContain('will not find the host');
    expect(log).not.toContain('can find the host');
    holder.kill();
    await holder.exited;
  }, 30_000);

  test('two hosts that start at the same time have two names in the end', async () => {
    await using network = await Network.create();
    const hosts = await Promise.all([
      publish(network.host, ['Living room', 'a', '47989', '::']),
      publish(network.client, ['Living room', 'b', '48989', '::']),
    ]);
    const client = listen(network.client);
    const names = new Set<unknown>();
    await client.until(({ type, data, ttl }) => {
      if (type === 'PTR' && ttl !== 0) names.add(data);
      return names.has(NAME) && names.has('Living room (2)._nvstream._tcp.local');
    });
    await client.stop();
    for (const host of hosts) await host.stop();
  }, 30_000);
});

const SERVICE = '_nvstream._tcp.local';

interface Heard {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly data: unknown;
  readonly section: string;
}

function run(end: NetworkEnd, script: string, args: readonly string[]) {
  return Bun.spawn(
    [...end.wrapper, process.execPath, join(import.meta.dir, '../support', script), ...args],
    { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' },
  );
}

/** Starts a host; resolves when it is published. */
async function publish(end: NetworkEnd, args: readonly string[]) {
  const child = run(end, 'discovery-host.ts', args);
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  return {
    instance: new TextDecoder().decode(value).trim(),
    /** Its log. */
    async stop(): Promise<string> {
      child.stdin.end();
      expect(await child.exited).toBe(0);
      return new Response(child.stderr).text();
    },
  };
}

function listen(end: NetworkEnd, way = 'multicast') {
  const child = run(end, 'mdns-listener.ts', [end.address, way]);
  const heard: Heard[] = [];
  const waiting = new Set<() => void>();
  const reading = (async () => {
    let text = '';
    for await (const chunk of child.stdout) {
      text += new TextDecoder().decode(chunk);
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      heard.push(...lines.map((line) => JSON.parse(line)));
      for (const wake of waiting) wake();
    }
  })();
  return {
    heard,
    /** The first record that fits, heard or yet to come. */
    async until(fits: (record: Heard) => boolean): Promise<Heard> {
      for (let next = 0; ; ) {
        for (; next < heard.length; next += 1) {
          const record = heard[next];
          if (record !== undefined && fits(record)) return record;
        }
        const more = Promise.withResolvers<void>();
        waiting.add(more.resolve);
        await more.promise;
        waiting.delete(more.resolve);
      }
    },
    async stop(): Promise<void> {
      child.stdin.end();
      await child.exited;
      await reading;
    },
  };
}
