import { describe, expect, test } from 'bun:test';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { device } from '../support/certificates.ts';
import {
  type Answer,
  elementOf,
  nvRig,
  PairingClient,
  UNIQUE_ID,
  until,
} from '../support/gamestream.ts';
import { attemptOf, failAfterPhase3, pairWhole, somePhases, start } from '../support/pairing.ts';

const [phone, deck] = [device(), device()];

describe('limits', () => {
  test('four wait at once; more are told that pairing is in progress', async () => {
    const rig = nvRig();
    for (let i = 0; i < 4; i += 1) start(rig, phone, { address: `10.0.0.${i}` });
    const fifth = await start(rig, phone, { address: '10.0.0.9' }).answer;
    expect(fifth.text).toEndWith('<root status_code="200"><paired>1</paired></root>');
    expect(rig.pairing.waiting).toBe(4);
  });

  test('10,000 phase-1 requests leave four waiting and bounded memory', async () => {
    const rig = nvRig();
    const answers: Promise<Answer>[] = [];
    const client = new PairingClient(phone, '1234');
    for (let i = 0; i < 10_000; i += 1) {
      answers.push(
        rig.clear(client.phase1(), { peerAddress: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` }),
      );
    }
    await until(() => rig.pairing.waiting === 4);
    const settled = await Promise.all(answers.slice(4));
    expect(settled.every((answer) => answer.text.endsWith('<paired>1</paired></root>'))).toBe(true);
    const state = rig.pairing.state();
    expect(state.attempts).toHaveLength(4);
    rig.clock.ms += 180_000;
    expect(rig.pairing.state().attempts.length).toBeLessThanOrEqual(16);
    expect((await Promise.all(answers.slice(0, 4))).every(({ code }) => code === '400')).toBe(true);
  }, 30_000);

  test('one address begins every two seconds', async () => {
    const rig = nvRig();
    start(rig, phone).client;
    rig.clock.ms += 1_999;
    const early = await start(rig, deck, { uniqueId: 'other' }).answer;
    expect(early.text).toEndWith('<root status_code="200"><paired>1</paired></root>');
    rig.clock.ms += 1;
    start(rig, deck, { uniqueId: 'other' });
    expect(rig.pairing.waiting).toBe(2);
  });

  test('three failures in ten minutes block an address for ten minutes, and nobody else', async () => {
    const rig = nvRig();
    for (let i = 0; i < 3; i += 1) {
      await failAfterPhase3(rig, phone, '10.0.0.1');
      rig.clock.ms += 60_000;
    }
    const blocked = await start(rig, phone, { address: '10.0.0.1' }).answer;
    expect(blocked.code).toBe('403');
    expect(blocked.text).toContain('try again in ten minutes');
    start(rig, deck, { address: '10.0.0.2' });
    expect(rig.pairing.waiting).toBe(1);
    rig.clock.ms += 540_000;
    rig.pairing.tick();
    start(rig, phone, { address: '10.0.0.1' });
    expect(rig.pairing.waiting).toBe(1);
  });

  test('an attempt that ends before phase 2, or by the operator, is no failure', async () => {
    const rig = nvRig();
    for (let i = 0; i < 12; i += 1) {
      const { client, answer } = start(rig, phone);
      const ended = rig.pairing.enterPin({ pin: '1234' });
      await somePhases(rig, client, answer, i % 2 === 0 ? 1 : 3);
      rig.pairing.cancel(attemptOf(rig, phone));
      await ended;
      rig.clock.ms += 2_000;
    }
    expect(rig.pairing.state().enabled).toBe(true);
    expect(await pairWhole(rig, phone)).toBe(true);
  });

  test('guessing ends: ten failures within an hour switch pairing off until the operator forgives', async () => {
    const rig = nvRig();
    const before = rig.store();
    for (let i = 0; i < 10; i += 1) {
      expect(rig.pairing.state().enabled).toBe(true);
      await failAfterPhase3(rig, phone, `10.0.0.${i}`);
    }
    expect(rig.pairing.state()).toMatchObject({
      enabled: false,
      disabled_because: 'Pairing failed ten times within an hour.',
    });
    expect((await start(rig, phone, { address: '10.0.1.1' }).answer).code).toBe('403');
    expect(rig.store()).toBe(before);
    rig.pairing.setEnabled(true);
    expect(await pairWhole(rig, phone)).toBe(true);
  });

  test('a broken list of paired devices refuses to begin', async () => {
    const sound = nvRig();
    sound.trust(deck);
    rmSync(join(sound.configDir, 'clients.json'));
    mkdirSync(join(sound.configDir, 'clients.json'));
    const rig = nvRig({ configDir: sound.configDir });
    expect((await start(rig, phone).answer).code).toBe('503');
    expect((await rig.secure('/applist?', deck)).code).toBe('401');
  });
});

describe('malformed', () => {
  const parameters = (client: PairingClient) => client.phase1().split('updateState=1&')[1] ?? '';
  const first: readonly (readonly [string, (good: string) => string])[] = [
    ['no salt', (good) => good.replace(/salt=\w+&/, '')],
    ['a short salt', (good) => good.replace(/salt=../, 'salt=')],
    ['a long salt', (good) => good.replace('salt=', 'salt=00')],
    ['a salt that is no hex', (good) => good.replace(/salt=../, 'salt=zz')],
    ['no certificate', (good) => good.replace(/&clientcert=\w+/, '')],
    ['a certificate that is no hex', (good) => good.replace('clientcert=', 'clientcert=zz')],
    ['a certificate cut off', (good) => good.slice(0, -80)],
    [
      'DER',
      (good) =>
        good.replace(
          /clientcert=\w+/,
          `clientcert=${Buffer.from(phone.certificate).toString('hex')}`,
        ),
    ],
    ['another phrase', (good) => good.replace('getservercert', 'getserver')],
    ['two phases at once', (good) => `${good}&clientchallenge=${'00'.repeat(16)}`],
    ['no phase at all', () => 'x=1'],
  ];
  for (const [what, change] of first) {
    test(`phase 1 is refused: ${what}`, async () => {
      const rig = nvRig();
      const client = new PairingClient(phone, '1234');
      const answer = await rig.clear(client.path(change(parameters(client))));
      expect(answer.code).toBe('400');
      expect(elementOf(answer, 'paired')).toBe('0');
      expect(rig.pairing.state().attempts).toEqual([]);
    });
  }

  for (const [phase, name, lengths] of [
    [2, 'clientchallenge', [0, 15, 17, 32]],
    [3, 'serverchallengeresp', [0, 16, 31, 33, 48]],
    [4, 'clientpairingsecret', [0, 1, 15, 16, 1041]],
  ] as const) {
    for (const length of [...lengths, 'zz', '0', undefined]) {
      const value = typeof length === 'number' ? '00'.repeat(length) : (length ?? '%00');
      test(`phase ${phase} with ${JSON.stringify(length ?? 'NUL')} bytes`, async () => {
        const rig = nvRig();
        const { client, answer } = start(rig, phone);
        void rig.pairing.enterPin({ pin: '1234' });
        await somePhases(rig, client, answer, phase - 1);
        const refused = await rig.clear(client.path(`${name}=${value}`));
        expect(refused.code).toBe('400');
        expect(elementOf(refused, 'paired')).toBe('0');
        // A query that cannot be read has no peer either: the attempt ends by its own time.
        if (length !== undefined) expect(rig.pairing.state().attempts[0]?.phase).toBe('failed');
        expect(rig.clients.get(phone.fingerprint)).toBeUndefined();
      });
    }
  }

  test('without a uniqueid nothing is paired, and /unpair is still no error', async () => {
    const rig = nvRig();
    const client = new PairingClient(phone, '1234');
    for (const id of ['', 'x'.repeat(65)]) {
      const answer = await rig.clear(client.phase1().replace(UNIQUE_ID, id));
      expect([answer.code, elementOf(answer, 'paired')]).toEqual(['400', '0']);
    }
    expect((await rig.clear('/unpair')).text).toEndWith('<root status_code="200"></root>');
    expect(rig.pairing.state().attempts).toEqual([]);
  });
});
