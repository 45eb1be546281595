import { afterEach, describe, expect, test } from 'bun:test';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { type Device, device, rsaKeys } from '../support/certificates.ts';
import {
  elementOf,
  getClear,
  getTls,
  type HttpRig,
  httpRig,
  PairingClient,
  pairOverHttp,
  type RigOptions,
  readAnswer,
  request,
  type TlsIdentity,
  tlsSocket,
  until,
} from '../support/gamestream.ts';

const [phone, deck] = [device(), device()];
let rig: HttpRig | undefined;

afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

async function started(options: RigOptions = {}): Promise<HttpRig> {
  rig = await httpRig(options);
  return rig;
}

describe('a stock client’s way over real sockets', () => {
  test('pairs, lists, launches and quits, over IPv4 and over IPv6', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const host1 = await started();
      const from = { host };
      const typed = () => host1.pairing.enterPin({ pin: '1234' });
      expect(elementOf(await getClear(host1, '/serverinfo', from), 'PairStatus')).toBe('0');
      expect(await pairOverHttp(host1, phone, typed, undefined, from)).toBe(true);
      expect(host1.clients.get(phone.fingerprint)?.address).toBe(host);
      const info = await getTls(host1, '/serverinfo', phone, from);
      expect(elementOf(info, 'PairStatus')).toBe('1');
      expect(elementOf(info, 'HttpsPort')).toBe(String(host1.ports.https));
      expect(elementOf(info, 'ExternalPort')).toBe(String(host1.ports.http));
      const id = elementOf(await getTls(host1, '/applist', phone, from), 'ID');
      const launched = await getTls(
        host1,
        `/launch?appid=${id}&mode=1280x720x60&rikey=${'ab'.repeat(16)}&rikeyid=-1&corever=1`,
        phone,
        from,
      );
      expect(elementOf(launched, 'gamesession')).toBe('1');
      expect(host1.streams.wishes[0]).toMatchObject({ peerAddress: host, localAddress: host });
      expect(
        (await getTls(host1, `/appasset?appid=${id}`, phone, from)).body.length,
      ).toBeGreaterThan(10_000);
      expect(elementOf(await getTls(host1, '/cancel', phone, from), 'cancel')).toBe('1');
      await host1.stop();
    }
  });

  test('with a wrong PIN ends without a change, and pairs in the second go', async () => {
    const host = await started();
    const before = host.store();
    const wrong = () => host.pairing.enterPin({ pin: '9999' });
    expect(await pairOverHttp(host, phone, wrong)).toBe(false);
    expect(host.store()).toBe(before);
    host.clock.ms += 2_000;
    const right = () => host.pairing.enterPin({ pin: '1234' });
    expect(await pairOverHttp(host, phone, right)).toBe(true);
  });

  test('takes at most half a second of machine time to pair', async () => {
    const host = await started();
    const startMs = performance.now();
    expect(await pairOverHttp(host, phone, () => host.pairing.enterPin({ pin: '1234' }))).toBe(
      true,
    );
    const tookMs = performance.now() - startMs;
    console.error(`pairing over loopback: ${tookMs.toFixed(0)} ms`);
    expect(tookMs).toBeLessThan(500);
  });

  test('of two devices with one uniqueid each needs its own pairing', async () => {
    const host = await started();
    const typed = () => host.pairing.enterPin({ pin: '1234' });
    expect(await pairOverHttp(host, phone, typed)).toBe(true);
    expect((await getTls(host, '/serverinfo?uniqueid=0123456789ABCDEF', deck)).code).toBe('401');
    host.clock.ms += 2_000;
    expect(await pairOverHttp(host, deck, typed)).toBe(true);
    expect(host.clients.list()).toHaveLength(2);
  });

  test('that hangs up while the PIN is asked for leaves the operator’s list at once', async () => {
    const host = await started();
    const socket = net.connect(host.ports.http, '127.0.0.1');
    socket.write(request(new PairingClient(phone, '1234').phase1()));
    await until(() => host.pairing.waiting === 1);
    socket.destroy();
    await until(() => host.pairing.waiting === 0);
    expect(host.pairing.state().attempts).toMatchObject([{ code: 'gave_up' }]);
  });

  test('that closes only its sending half after the request still has its answer', async () => {
    const host = await started();
    const socket = net.connect({ port: host.ports.http, host: '127.0.0.1', allowHalfOpen: true });
    socket.end(request('/serverinfo'));
    expect((await readAnswer(socket)).code).toBe('200');
  });
});

describe('the TLS port', () => {
  test('shows exactly one certificate, asks for one with an empty list of issuers, speaks no h2', async () => {
    const host = await started();
    const socket = tls.connect({
      port: host.ports.https,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const shown = socket.getPeerCertificate(true);
    expect(new X509Certificate(shown.raw).fingerprint256.replaceAll(':', '').toLowerCase()).toBe(
      host.identity.fingerprint,
    );
    expect(shown.issuerCertificate?.raw?.equals(shown.raw) ?? true).toBe(true);
    expect(socket.alpnProtocol).toBe('http/1.1');
    socket.destroy();
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`forgets ${version} sessions: a resumed one is never a way in`, async () => {
      const host = await started();
      trust(host, phone);
      let session: Buffer | undefined;
      const versions = { minVersion: version, maxVersion: version };
      const first = tls.connect({
        ...versions,
        port: host.ports.https,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        cert: phone.certificatePem,
        key: phone.keyPem,
      });
      first.on('session', (ticket: Buffer) => {
        session = ticket;
      });
      first.once('secureConnect', () => first.write(request('/serverinfo')));
      expect((await readAnswer(first)).code).toBe('200');
      const second = tls.connect({
        ...versions,
        port: host.ports.https,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ...(session === undefined ? {} : { session }),
      });
      second.once('secureConnect', () => second.write(request('/serverinfo')));
      expect((await readAnswer(second)).code).toBe('401');
    });
  }

  test('refuses TLS 1.1 and older', async () => {
    const host = await started();
    const socket = tls.connect({
      port: host.ports.https,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
    });
    await expect(readAnswer(socket)).rejects.toThrow();
  });

  test('takes the odd certificates of the wild once they are paired', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const odd: Readonly<Record<string, Device>> = {
      'serial 0': device({ serial: Uint8Array.of(0) }),
      'version 1': device({ version: 1 }),
      expired: device({ notAfter: new Date('2021-01-01T00:00:00Z') }),
      'not yet valid': device({ notBefore: new Date('2039-01-01T00:00:00Z') }),
      'another issuer': device({ issuer: 'somebody' }),
      'no name': device({ subject: '' }),
      'RSA-4096': device({}, rsaKeys(4096)),
    };
    const host = await started();
    for (const [what, who] of Object.entries(odd)) {
      expect([what, (await getTls(host, '/applist', who)).code]).toEqual([what, '401']);
      trust(host, who);
      expect([what, (await getTls(host, '/applist', who)).code]).toEqual([what, '200']);
    }
    const elliptic = {
      ...device({ publicKey: ec.publicKey }),
      keyPem: ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
    expect((await getTls(host, '/applist', elliptic)).code).toBe('401');
  });
});

describe('CVE-2026-32253, CVE-2026-111044: look-alikes of a paired device', () => {
  const keys = rsaKeys();
  const paired = device({ subject: 'Deck', serial: Uint8Array.of(7) }, keys);
  const child = rsaKeys();
  const lookAlikes: Readonly<Record<string, TlsIdentity | undefined>> = {
    'another key under the same names': device({ subject: 'Deck', serial: Uint8Array.of(7) }),
    'the same key in another certificate': device(
      { subject: 'Deck', serial: Uint8Array.of(8) },
      keys,
    ),
    'the same key, one day longer': device(
      { subject: 'Deck', serial: Uint8Array.of(7), notAfter: new Date('2040-01-02T00:00:00Z') },
      keys,
    ),
    'issued by the paired device': device(
      { subject: 'child', issuer: 'Deck', publicKey: child.publicKey, signingKey: keys.privateKey },
      child,
    ),
    'issued by the paired device, which is sent along': chain(
      device(
        {
          subject: 'child',
          issuer: 'Deck',
          publicKey: child.publicKey,
          signingKey: keys.privateKey,
        },
        child,
      ),
      paired,
    ),
    'a stranger with the paired certificate behind its own': chain(deck, paired),
    'no certificate': undefined,
  };

  for (const [what, who] of Object.entries(lookAlikes)) {
    test(`are strangers: ${what}`, async () => {
      const host = await started();
      trust(host, paired);
      for (const path of ['/serverinfo', '/applist', '/launch', '/resume', '/cancel']) {
        expect([path, (await getTls(host, path, who)).code]).toEqual([path, '401']);
      }
      expect(host.streams.calls).toEqual([]);
      expect((await getTls(host, '/applist', paired)).code).toBe('200');
    });
  }

  test('a certificate without its key is no proof: the handshake fails', async () => {
    const host = await started();
    trust(host, paired);
    const attempt = async () =>
      getTls(host, '/applist', { certificatePem: paired.certificatePem, keyPem: deck.keyPem });
    await expect(attempt()).rejects.toThrow();
  });
});

describe('CVE-2024-31221: a revoked device', () => {
  test('is refused on the next request, and stays refused when another is paired', async () => {
    const host = await started();
    trust(host, phone);
    // This connection was made while it was paired.
    const open = tlsSocket(host, phone);
    await new Promise((resolve) => open.once('secureConnect', resolve));
    expect((await getTls(host, '/applist', phone)).code).toBe('200');
    host.clients.revoke(phone.fingerprint);
    open.write(request('/applist'));
    expect((await readAnswer(open)).code).toBe('401');
    expect((await getTls(host, '/applist', phone)).code).toBe('401');
    trust(host, deck);
    expect((await getTls(host, '/applist', phone)).code).toBe('401');
    expect((await getTls(host, '/applist', deck)).code).toBe('200');
  });
});

test('the ports are the base and five below it, and a port in use is named', async () => {
  const first = await started();
  const base = first.ports.http;
  const failing = httpRig({ gamestreamPort: base });
  await expect(failing).rejects.toMatchObject({ status: 409, code: 'port_in_use' });
  await expect(httpRig({ gamestreamPort: base })).rejects.toThrow(`${base} and ${base - 5}`);
});

function trust(host: HttpRig, who: Device): void {
  const client = {
    fingerprint: who.fingerprint,
    certificatePem: who.certificatePem,
    name: 'Deck',
    pairedUnixMs: 1,
    address: '127.0.0.1',
  };
  host.clients.addProvisional(client);
  host.clients.confirm(client, undefined);
}

function chain(leaf: TlsIdentity, ...issuers: readonly Device[]): TlsIdentity {
  const rest = issuers.map(({ certificatePem }) => certificatePem).join('');
  return { certificatePem: leaf.certificatePem + rest, keyPem: leaf.keyPem };
}
