// One test named after each advisory that hosts of this kind had in their GameStream half (the API's have a file of their
// own), against the compiled executable.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { $ } from 'bun';
import type { PairedClient, PairingState } from '../../contract/clients.ts';
import { EXECUTABLE, type Host, missingExecutable, startHost } from '../support/host.ts';
import { missingMoonlight, until } from '../support/moonlight.ts';
import { type Answer, exchange, RawDevice, RawPairing } from '../support/raw-device.ts';

const missing = missingExecutable || missingMoonlight;
const PIN = '0042';
let host: Host;
/** A device that is paired for the whole file. */
let friend: RawDevice;

describe.skipIf(missing !== '')(`GameStream advisories${missing}`, () => {
  beforeAll(async () => {
    host = await startHost({
      args: ['--source', 'synthetic', '--discovery', 'off'],
      env: { PUNKTFUNK_LOG_LEVEL: 'debug' },
    });
    friend = await RawDevice.make();
    expect(await pairFully(friend)).toBe(true);
  }, 60_000);
  afterAll(async () => {
    await host?.end();
  });

  test('CVE-2024-31221: an unpaired device is out at once, stays out after a restart and after another device pairs', async () => {
    const device = await RawDevice.make();
    expect(await pairFully(device)).toBe(true);
    expect((await device.https(https(), '/applist')).code).toBe(200);
    await host.json('DELETE', `/api/v1/clients/${device.fingerprint}`);
    expect((await device.https(https(), '/applist')).code).toBe(401);
    const other = await RawDevice.make();
    expect(await pairFully(other)).toBe(true);
    expect((await device.https(https(), '/applist')).code).toBe(401);
    expect((await other.https(https(), '/applist')).code).toBe(200);
    await host.end();
    host = await startHost({
      configDir: host.configDir,
      args: ['--source', 'synthetic', '--discovery', 'off'],
      env: { PUNKTFUNK_LOG_LEVEL: 'debug' },
    });
    expect((await device.https(https(), '/applist')).code).toBe(401);
    expect((await other.https(https(), '/applist')).code).toBe(200);
  }, 60_000);

  test('CVE-2024-31226, CVE-2025-54081: no path or program name goes through a shell or a search path', async () => {
    const folder = join(host.configDir, 'a folder; touch x && $(y) "z"');
    await $`mkdir -p ${folder}/bin`.quiet();
    for (const name of ['sh', 'bash', 'openssl', 'ip']) {
      await Bun.write(join(folder, 'bin', name), `#!/bin/sh\necho stolen > "${folder}/stolen"\n`);
      await $`chmod +x ${folder}/bin/${name}`.quiet();
    }
    const poisoned = await startHost({
      configDir: join(folder, 'config'),
      args: ['--source', 'synthetic', '--discovery', 'off'],
      env: { PATH: `${folder}/bin` },
    });
    try {
      expect((await friend.http(poisoned.gamestreamPort, '/serverinfo')).code).toBe(200);
      expect(await poisoned.json('GET', '/api/v1/host')).toBeObject();
    } finally {
      await poisoned.end();
    }
    expect(readdirSync(folder)).not.toContain('stolen');
    expect(readdirSync(folder).sort()).toEqual(['bin', 'config']);
  }, 30_000);

  test('CVE-2024-45407: a pairing that fails at any step leaves the store as it was, byte for byte', async () => {
    for (let phases = 1; phases <= 4; phases += 1) {
      const before = store();
      const device = await RawDevice.make();
      await pairWrongly(device, phases);
      expect(store()).toEqual(before);
      expect((await device.https(https(), '/applist')).code).toBe(401);
    }
    await enablePairing();
  }, 120_000);

  test('CVE-2024-51738: phases out of order, repeated or left out end the attempt and trust nobody', async () => {
    const orders = [
      [2],
      [3],
      [4],
      [1, 3],
      [1, 4],
      [1, 2, 2],
      [1, 2, 4],
      [1, 2, 3, 3],
      [1, 2, 3, 2, 3, 4],
    ];
    for (const order of orders) {
      await enablePairing();
      const before = store();
      const device = await RawDevice.make();
      const answers = await play(device, order);
      expect(answers.at(-1)?.body).not.toContain('<paired>1</paired>');
      expect((await device.https(https(), RawPairing.phase5)).code).toBe(401);
      expect(store()).toEqual(before);
    }
    await enablePairing();
  }, 300_000);

  test('CVE-2026-32253: foreign, self-made, look-alike, and expired certificates are refused; a paired one is not, whatever its dates', async () => {
    const strangers = [
      await RawDevice.make(),
      await RawDevice.make({ subject: 'NVIDIA GameStream Client', serial: 1 }),
      await RawDevice.make({ expired: true }),
      await RawDevice.make({ serial: 0 }),
    ];
    for (const stranger of strangers) {
      for (const path of [
        '/applist',
        '/launch?appid=1',
        '/resume',
        '/cancel',
        '/appasset?appid=1',
      ]) {
        expect((await stranger.https(https(), path)).code).toBe(401);
      }
    }
    expect((await friend.https(https(), '/applist', { certificate: false })).code).toBe(401);
    const expired = await RawDevice.make({ expired: true });
    expect(await pairFully(expired)).toBe(true);
    expect((await expired.https(https(), '/applist')).code).toBe(200);
  }, 60_000);

  test('CVE-2026-111044: a certificate made with a paired device’s key is not that device', async () => {
    const below = await RawDevice.make({ issuer: friend });
    const reissued = await RawDevice.make({ key: friend, serial: 77 });
    for (const device of [below, reissued]) {
      expect((await device.https(https(), '/applist')).code).toBe(401);
    }
    expect((await friend.https(https(), '/applist')).code).toBe(200);
  }, 30_000);

  test('GHSA-fp6g-27w5-489j: nothing that ships has more rights than its user', async () => {
    for (const path of [
      EXECUTABLE,
      ...readdirSync(join(EXECUTABLE, '..')).map((name) => join(EXECUTABLE, '..', name)),
    ]) {
      expect(statSync(path).mode & 0o6000).toBe(0);
    }
    // File capabilities are an extended attribute.
    const list = 'import os, sys; print(os.listxattr(sys.argv[1]))';
    const attributes = await $`/usr/bin/python3 -c ${list} ${EXECUTABLE}`.quiet();
    expect(attributes.stdout.toString()).not.toContain('security.capability');
  });

  test('CVE-2023-42799, CVE-2023-42800: oversized, negative, repeated and missing fields of RTSP end in an error or a close', async () => {
    const rtsp = host.gamestreamPort + 21;
    const send = (bytes: string | Uint8Array) =>
      exchange(connect(rtsp, '127.0.0.1'), bytes, 'connect', 8000);
    const head = 'CSeq: 1\r\nX-GS-ClientVersion: 14\r\n';
    const inputs: (string | Uint8Array)[] = [
      `OPTIONS rtsp://x RTSP/1.0\r\n${head}X: ${'a'.repeat(20_000)}\r\n\r\n`,
      `ANNOUNCE streamid=control/13/0 RTSP/1.0\r\n${head}Content-length: -1\r\n\r\n`,
      `ANNOUNCE streamid=control/13/0 RTSP/1.0\r\n${head}Content-length: 2147483647\r\n\r\n`,
      `ANNOUNCE streamid=control/13/0 RTSP/1.0\r\n${head}Content-length: 5\r\nContent-length: 6\r\n\r\nhello`,
      `SETUP streamid=${'9'.repeat(5000)} RTSP/1.0\r\n${head}\r\n`,
      `\r\n\r\n\r\n`,
      Uint8Array.from([0xff, 0xff, 0xff, 0xff, ...new Array(100).fill(0)]),
      Uint8Array.from([0x80, 0, 0, 0, ...new Array(20).fill(0)]),
    ];
    for (const input of inputs) {
      const answer = await send(input);
      expect(answer.body).not.toContain('200 OK');
    }
    expect((await friend.http(host.gamestreamPort, '/serverinfo')).code).toBe(200);
  }, 90_000);

  test('PR#4955 (no id): PIN, salt, certificate, keys and tokens never reach the log or an answer to somebody else', async () => {
    const device = await RawDevice.make();
    await enablePairing();
    const pairing = await pairWith(device, '7391');
    const key = 'fedcba98765432100123456789abcdef';
    await device.https(
      https(),
      `/launch?appid=1&mode=640x360x30&rikey=${key}&rikeyid=12345678&corever=1`,
    );
    await friend.http(host.gamestreamPort, `/launch?rikey=${key}`);
    const log = host.stderr();
    expect(log.length).toBeGreaterThan(100);
    for (const secret of [key, '12345678', pairing.salt.toString('hex'), host.token, '"7391"']) {
      expect(log).not.toContain(secret);
    }
    expect(log).not.toContain('BEGIN');
    expect(log).not.toContain(Buffer.from('BEGIN CERT').toString('hex'));
  }, 30_000);

  test('Apollo #1481, #1546 (no id): many pairings at once, aborted anywhere, neither mix nor leak', async () => {
    await enablePairing();
    const before = store();
    const devices = await Promise.all(Array.from({ length: 12 }, () => RawDevice.make()));
    const certificate = await friend.hostCertificate(https());
    await Promise.all(
      devices.map(async (device, i) => {
        const pairing = new RawPairing(device, certificate, '0000');
        const socket = connect(host.gamestreamPort, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.write(`GET ${pairing.phase1} HTTP/1.1\r\nHost: h\r\n\r\n`);
        await Bun.sleep(20 + 15 * i);
        socket.destroy();
        await device.http(host.gamestreamPort, pairing.phase2);
        await device.http(host.gamestreamPort, pairing.phase4);
      }),
    );
    await until('no attempt waits', async () => {
      const { attempts } = (await host.json('GET', '/api/v1/pairing')) as PairingState;
      return attempts.some(({ phase }) => phase === 'waiting_for_pin') ? undefined : true;
    });
    expect(store()).toEqual(before);
    expect((await friend.https(https(), '/applist')).code).toBe(200);
    await enablePairing();
  }, 60_000);

  test('design weakness (no id): a four-digit PIN cannot be guessed: one guess an attempt, then refusal, then pairing is off', async () => {
    const guess = async (address?: string) => {
      const device = await RawDevice.make();
      if (address !== undefined) device.address = address;
      return pairWrongly(device, 4);
    };
    await enablePairing();
    const fromOne: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      fromOne.push(await guess('127.99.0.1'));
      // Attempts from one address are two seconds apart.
      await Bun.sleep(2100);
    }
    expect(fromOne).toEqual(['tried', 'tried', 'tried', 'refused']);
    const fromMany: string[] = [];
    for (let i = 0; i < 9; i += 1) fromMany.push(await guess());
    expect(fromMany.filter((outcome) => outcome === 'tried')).toHaveLength(7);
    const state = (await host.json('GET', '/api/v1/pairing')) as PairingState;
    expect(state.enabled).toBe(false);
    expect(state.disabled_because).toBeString();
    await enablePairing();
  }, 120_000);
});

const https = () => host.gamestreamPort - 5;

/** What is kept of paired devices, byte for byte. */
const store = () => readFileSync(join(host.configDir, 'clients.json'), 'utf8');

async function enablePairing(): Promise<void> {
  await host.json('PUT', '/api/v1/pairing', { enabled: true });
}

/** Sends phase 1 and types a PIN into the host; answers what phase 1 was answered. */
async function begin(device: RawDevice, pairing: RawPairing, typed: string): Promise<Answer> {
  const first = device.http(host.gamestreamPort, pairing.phase1);
  let over: Answer | undefined;
  void first.then((answer) => {
    over = answer;
  });
  const attempt = await until('an attempt', async () => {
    if (over !== undefined) return 'over' as const;
    const { attempts } = (await host.json('GET', '/api/v1/pairing')) as PairingState;
    return attempts.find(
      ({ phase, fingerprint }) => phase === 'waiting_for_pin' && fingerprint === device.fingerprint,
    );
  });
  if (attempt === 'over') return first;
  // Answers when the attempt is over, which is long after phase 1.
  void host.ask('POST', '/api/v1/clients/pin', {
    body: JSON.stringify({ pin: typed, attempt_id: attempt.attempt_id }),
    headers: { 'content-type': 'application/json' },
  });
  return first;
}

/** Sends phases in the given order, each with what a client would know by then. */
async function play(device: RawDevice, order: readonly number[]): Promise<Answer[]> {
  const pairing = new RawPairing(device, await device.hostCertificate(https()), PIN);
  const port = host.gamestreamPort;
  const answers: Answer[] = [];
  for (const phase of order) {
    if (phase === 1) answers.push(await begin(device, pairing, PIN));
    else if (phase === 2) {
      const answer = await device.http(port, pairing.phase2);
      pairing.hear(answer.body);
      answers.push(answer);
    } else if (phase === 3) answers.push(await device.http(port, pairing.phase3));
    else answers.push(await device.http(port, pairing.phase4));
  }
  return answers;
}

async function pairFully(device: RawDevice): Promise<boolean> {
  const answers = await play(device, [1, 2, 3, 4]);
  const last = await device.https(https(), RawPairing.phase5);
  const clients = (await host.json('GET', '/api/v1/clients')) as PairedClient[];
  return (
    answers.every(({ body }) => body.includes('<paired>1</paired>')) &&
    last.body.includes('<paired>1</paired>') &&
    clients.some(({ client_id }) => client_id === device.fingerprint)
  );
}

async function pairWith(device: RawDevice, pin: string): Promise<RawPairing> {
  const pairing = new RawPairing(device, await device.hostCertificate(https()), pin);
  await begin(device, pairing, pin);
  pairing.hear((await device.http(host.gamestreamPort, pairing.phase2)).body);
  await device.http(host.gamestreamPort, pairing.phase3);
  await device.http(host.gamestreamPort, pairing.phase4);
  await device.https(https(), RawPairing.phase5);
  return pairing;
}

/** Goes through the first phases with a PIN that is not the typed one, then gives up as a client does. */
async function pairWrongly(device: RawDevice, phases: number): Promise<'tried' | 'refused'> {
  const pairing = new RawPairing(device, await device.hostCertificate(https()), '1111');
  const first = await begin(device, pairing, '2222');
  if (!first.body.includes('<plaincert>')) return 'refused';
  const port = host.gamestreamPort;
  if (phases >= 2) pairing.hear((await device.http(port, pairing.phase2)).body);
  if (phases >= 3) await device.http(port, pairing.phase3);
  if (phases >= 4) await device.http(port, pairing.phase4);
  await device.http(port, RawPairing.unpair);
  return 'tried';
}
