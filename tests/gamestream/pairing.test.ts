import { describe, expect, test } from 'bun:test';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PairingAttempt } from '../../contract/clients.ts';
import { type Device, device } from '../support/certificates.ts';
import { elementOf, nvRig, PairingClient } from '../support/gamestream.ts';
import {
  attemptOf,
  fourPhases,
  pairWhole,
  somePhases,
  start,
  threePhases,
} from '../support/pairing.ts';

const [phone, deck, tv] = [device(), device(), device()];

describe('a device that wants to be paired', () => {
  test('is shown with address, fingerprint and age until its PIN is typed', async () => {
    const rig = nvRig();
    const first = start(rig, phone);
    expect(rig.pairing.state()).toEqual({
      enabled: true,
      host_fingerprint: rig.identity.fingerprint,
      now_unix_ms: 1_700_001_000_000,
      attempts: [
        {
          attempt_id: expect.stringMatching(/^[0-9a-f]{16}$/),
          name: 'Moonlight at 192.168.1.20',
          address: '192.168.1.20',
          fingerprint: phone.fingerprint,
          started_unix_ms: 1_700_001_000_000,
          expires_unix_ms: 1_700_001_180_000,
          phase: 'waiting_for_pin',
        },
      ],
    });
    rig.clock.ms += 180_000;
    rig.pairing.tick();
    expect((await first.answer).text).toContain(
      'status_code="400" status_message="Pairing was not confirmed on the host."><paired>0<',
    );
    expect(rig.pairing.state().attempts).toMatchObject([{ phase: 'failed', code: 'timed_out' }]);
  });

  test('is paired only after its last message, and then its PIN’s typist hears of it', async () => {
    const rig = nvRig();
    const { client, answer } = start(rig, phone);
    let ended: PairingAttempt | undefined;
    const entered = rig.pairing.enterPin({ pin: '1234', name: ' Anna’s phone ' }).then((it) => {
      ended = it;
    });
    await fourPhases(rig, client, answer);
    expect(rig.pairing.state().attempts).toMatchObject([{ phase: 'verifying' }]);
    expect(ended).toBeUndefined();
    expect((await rig.secure('/applist?', phone)).code).toBe('401');
    expect((await rig.secure('/serverinfo?', phone)).code).toBe('401');
    expect((await rig.clear(client.phase5())).code).toBe('400');
    // Phase 5 in the clear was a deviation: it ended this attempt.
    await entered;
    expect(ended).toMatchObject({ phase: 'failed', code: 'out_of_order' });

    rig.clock.ms += 2_000;
    const again = start(rig, phone);
    const second = rig.pairing.enterPin({ pin: '1234', name: ' Anna’s phone ' });
    await fourPhases(rig, again.client, again.answer);
    expect(elementOf(await rig.secure(again.client.phase5(), phone), 'paired')).toBe('1');
    expect(await second).toMatchObject({ phase: 'paired', name: 'Anna’s phone' });
    expect(await second).not.toHaveProperty('expires_unix_ms');
    expect(rig.clients.get(phone.fingerprint)).toMatchObject({
      name: 'Anna’s phone',
      address: '192.168.1.20',
    });
    expect((await rig.secure('/applist?', phone)).code).toBe('200');
  });

  test('may ask for phase 5 again later: it is paired', async () => {
    const rig = nvRig();
    rig.trust(phone);
    const client = new PairingClient(phone, '1234');
    expect(elementOf(await rig.secure(client.phase5(), phone), 'paired')).toBe('1');
    expect((await rig.secure(client.phase5(), deck)).code).toBe('401');
  });

  test('with a wrong PIN that says so by /unpair after phase 3 is shown as that', async () => {
    const rig = nvRig();
    const before = rig.store();
    const { client, answer } = start(rig, phone);
    const ended = rig.pairing.enterPin({ pin: '4321' });
    const third = await threePhases(rig, client, answer);
    expect(client.takePairingSecret(elementOf(third, 'pairingsecret') ?? '')).toBe(false);
    expect((await rig.clear(client.unpair())).text).toEndWith('<root status_code="200"></root>');
    expect(await ended).toMatchObject({ phase: 'failed', code: 'wrong_pin' });
    expect(rig.store()).toBe(before);
  });

  test('with a wrong PIN that goes on, as Embedded does, is answered paired 0 in phase 4', async () => {
    const rig = nvRig();
    const before = rig.store();
    const { client, answer } = start(rig, phone);
    const ended = rig.pairing.enterPin({ pin: '4321' });
    const fourth = await fourPhases(rig, client, answer);
    expect(fourth.text).toContain('status_code="200"><paired>0</paired>');
    expect(await ended).toMatchObject({ phase: 'failed', code: 'wrong_pin' });
    expect((await rig.clear(client.phase4())).code).toBe('400');
    expect(rig.store()).toBe(before);
  });

  test('that keeps silent for ten seconds after any phase has failed', async () => {
    for (const phases of [1, 2, 3, 4]) {
      const rig = nvRig();
      const before = rig.store();
      const { client, answer } = start(rig, phone);
      const ended = rig.pairing.enterPin({ pin: '1234' });
      await somePhases(rig, client, answer, phases);
      rig.clock.ms += 9_999;
      rig.pairing.tick();
      expect(rig.pairing.state().attempts).toMatchObject([{ phase: 'verifying' }]);
      rig.clock.ms += 1;
      rig.pairing.tick();
      expect(await ended).toMatchObject({ phase: 'failed', code: 'timed_out' });
      expect(rig.store()).toBe(before);
      expect((await rig.secure(client.phase5(), phone)).code).toBe('401');
    }
  });

  test('CVE-2024-45407: that stops after any phase is not trusted after a restart either', async () => {
    for (const phases of [1, 2, 3, 4]) {
      const rig = nvRig();
      rig.trust(deck);
      const before = rig.store();
      const { client, answer } = start(rig, phone);
      void rig.pairing.enterPin({ pin: '1234' });
      await somePhases(rig, client, answer, phases);
      const restarted = nvRig({ configDir: rig.configDir });
      expect(restarted.store()).toBe(before);
      expect((await restarted.secure(client.phase5(), phone)).code).toBe('401');
      for (const next of [client.phase2(), client.phase3(), client.phase4()]) {
        expect((await restarted.clear(next)).code).toBe('400');
      }
      expect(restarted.store()).toBe(before);
      expect(restarted.clients.list()).toHaveLength(1);
    }
  });

  test('that pairs again keeps its name and rights, and stays paired when it fails', async () => {
    const rig = nvRig();
    rig.trust(phone, 'Anna’s phone');
    rig.clients.setMayEnd(phone.fingerprint, true);
    await rig.secure('/applist?', phone);
    const before = rig.store();
    for (const phases of [1, 2, 3, 4]) {
      const { client, answer } = start(rig, phone, { address: `10.0.0.${phases}` });
      expect(rig.pairing.state().attempts[0]?.name).toBe('Anna’s phone');
      const ended = rig.pairing.enterPin({ pin: '1234' });
      await somePhases(rig, client, answer, phases, `10.0.0.${phases}`);
      rig.clock.ms += 10_000;
      rig.pairing.tick();
      expect((await ended).phase).toBe('failed');
      expect(rig.store()).toBe(before);
      expect((await rig.secure('/applist?', phone)).code).toBe('200');
    }
    expect(await pairWhole(rig, phone)).toBe(true);
    expect(rig.clients.get(phone.fingerprint)).toMatchObject({
      name: 'Anna’s phone',
      mayEnd: true,
    });
  });

  test('is forgotten when it hangs up while it waits', async () => {
    const rig = nvRig();
    const gone = new AbortController();
    start(rig, phone, { signal: gone.signal });
    expect(rig.pairing.waiting).toBe(1);
    gone.abort();
    expect(rig.pairing.waiting).toBe(0);
    expect(rig.pairing.state().attempts).toMatchObject([{ code: 'gave_up' }]);
    const late = new AbortController();
    late.abort();
    rig.clock.ms += 2_000;
    start(rig, phone, { signal: late.signal });
    expect(rig.pairing.waiting).toBe(0);
  });

  test('that starts again takes its own place', async () => {
    const rig = nvRig();
    const older = start(rig, phone);
    rig.clock.ms += 2_000;
    const newer = start(rig, phone);
    expect((await older.answer).code).toBe('400');
    expect(rig.pairing.waiting).toBe(1);
    void rig.pairing.enterPin({ pin: '1234' });
    expect(elementOf(await newer.answer, 'plaincert')).toBeDefined();
    rig.clock.ms += 2_000;
    expect((await start(rig, phone).answer).code).toBe('400');
    expect(rig.pairing.state().attempts.map(({ code }) => code)).toEqual([
      'out_of_order',
      'replaced',
    ]);
  });

  test('cannot be stored on a full disk: phase 4 says so, and nothing is trusted', async () => {
    const rig = nvRig();
    const { client, answer } = start(rig, phone);
    const ended = rig.pairing.enterPin({ pin: '1234' });
    await threePhases(rig, client, answer);
    rmSync(join(rig.configDir, 'clients.json'));
    mkdirSync(join(rig.configDir, 'clients.json/in-the-way'), { recursive: true });
    const fourth = await rig.clear(client.phase4());
    expect(fourth.text).toContain('status_code="503"');
    expect(fourth.text).toContain('<paired>0</paired>');
    expect(await ended).toMatchObject({ phase: 'failed', code: 'not_saved' });
    expect((await rig.secure(client.phase5(), phone)).code).toBe('401');
  });
});

describe('two attempts at once', () => {
  test('do not mix: each PIN is its own device’s', async () => {
    const rig = nvRig();
    const one = start(rig, phone, { address: '10.0.0.1', pin: '1111' });
    const two = start(rig, deck, { address: '10.0.0.2', pin: '2222' });
    const [idOne, idTwo] = [attemptOf(rig, phone), attemptOf(rig, deck)];
    const endOne = rig.pairing.enterPin({ pin: '1111', attempt_id: idOne });
    const endTwo = rig.pairing.enterPin({ pin: '2222', attempt_id: idTwo });
    // Interleaved phase by phase.
    one.client.takeServerCert(elementOf(await one.answer, 'plaincert') ?? '');
    two.client.takeServerCert(elementOf(await two.answer, 'plaincert') ?? '');
    const [from1, from2] = [{ peerAddress: '10.0.0.1' }, { peerAddress: '10.0.0.2' }];
    const c1 = elementOf(await rig.clear(one.client.phase2(), from1), 'challengeresponse');
    const c2 = elementOf(await rig.clear(two.client.phase2(), from2), 'challengeresponse');
    one.client.takeChallengeResponse(c1 ?? '');
    two.client.takeChallengeResponse(c2 ?? '');
    await rig.clear(two.client.phase3(), from2);
    await rig.clear(one.client.phase3(), from1);
    expect(elementOf(await rig.clear(one.client.phase4(), from1), 'paired')).toBe('1');
    expect(elementOf(await rig.clear(two.client.phase4(), from2), 'paired')).toBe('1');
    expect((await rig.secure(one.client.phase5(), deck)).code).toBe('200');
    expect((await endTwo).phase).toBe('paired');
    expect(rig.clients.get(phone.fingerprint)).toBeUndefined();
    await rig.secure(one.client.phase5(), phone);
    expect((await endOne).phase).toBe('paired');
  });

  test('need to be told apart, and a PIN for one opens nothing to the other', async () => {
    const rig = nvRig();
    start(rig, phone, { address: '10.0.0.1' });
    start(rig, deck, { address: '10.0.0.2' });
    await expect(rig.pairing.enterPin({ pin: '1234' })).rejects.toMatchObject({
      status: 409,
      code: 'several_attempts',
    });
    expect(rig.pairing.waiting).toBe(2);
    void rig.pairing.enterPin({ pin: '1234', attempt_id: attemptOf(rig, phone) });
    expect(rig.pairing.waiting).toBe(1);
    const other = new PairingClient(deck, '1234');
    expect((await rig.clear(other.phase2(), { peerAddress: '10.0.0.2' })).code).toBe('400');
  });

  test('from two addresses with one uniqueid are two', async () => {
    const rig = nvRig();
    start(rig, phone, { address: '10.0.0.1' });
    const stranger = new PairingClient(tv, '1234');
    expect((await rig.clear(stranger.phase2(), { peerAddress: '10.0.0.9' })).code).toBe('400');
    expect((await rig.clear(stranger.unpair(), { peerAddress: '10.0.0.9' })).code).toBe('200');
    expect(rig.pairing.waiting).toBe(1);
    expect((await rig.clear('/unpair?uniqueid=other', { peerAddress: '10.0.0.1' })).code).toBe(
      '200',
    );
    expect(rig.pairing.waiting).toBe(1);
  });

  test('with one stolen certificate: who lacks its key is not paired', async () => {
    const rig = nvRig();
    const thief: Device = { ...phone, key: deck.key };
    const { client, answer } = start(rig, thief);
    const ended = rig.pairing.enterPin({ pin: '1234' });
    expect(elementOf(await fourPhases(rig, client, answer), 'paired')).toBe('0');
    expect((await ended).phase).toBe('failed');
  });
});

describe('the operator', () => {
  test('has somebody to give the PIN to, and a PIN of four digits', async () => {
    const rig = nvRig();
    await expect(rig.pairing.enterPin({ pin: '1234' })).rejects.toMatchObject({
      status: 404,
      code: 'no_attempt',
    });
    start(rig, phone);
    for (const pin of ['', '123', '12345', '12a4', ' 123', '１２３４', '-123']) {
      await expect(rig.pairing.enterPin({ pin })).rejects.toMatchObject({ code: 'invalid_pin' });
    }
    await expect(
      rig.pairing.enterPin({ pin: '1234', attempt_id: 'ffffffffffffffff' }),
    ).rejects.toMatchObject({ code: 'no_attempt' });
    expect(rig.pairing.waiting).toBe(1);
    const id = attemptOf(rig, phone);
    void rig.pairing.enterPin({ pin: '1234', attempt_id: id });
    await expect(rig.pairing.enterPin({ pin: '1234', attempt_id: id })).rejects.toMatchObject({
      code: 'no_attempt',
    });
  });

  test('turns a device away, who may come again', async () => {
    const rig = nvRig();
    const first = start(rig, phone);
    expect(rig.pairing.cancel('nobody')).toBe(false);
    expect(rig.pairing.cancel(attemptOf(rig, phone))).toBe(true);
    expect((await first.answer).code).toBe('400');
    expect(rig.pairing.state().attempts).toMatchObject([{ code: 'turned_away' }]);
    rig.clock.ms += 2_000;
    expect(await pairWhole(rig, phone)).toBe(true);
  });

  test('switches pairing off and on', async () => {
    const rig = nvRig();
    const first = start(rig, phone);
    expect(rig.pairing.setEnabled(false)).toMatchObject({
      enabled: false,
      disabled_because: 'Pairing was switched off.',
    });
    expect((await first.answer).code).toBe('403');
    rig.clock.ms += 2_000;
    const refused = await start(rig, phone).answer;
    expect(refused.text).toContain('status_code="403"');
    expect(refused.text).toContain('<paired>0</paired>');
    expect(rig.pairing.setEnabled(true)).not.toHaveProperty('disabled_because');
    expect(await pairWhole(rig, phone)).toBe(true);
  });

  test('hears of every change', async () => {
    const rig = nvRig();
    const phases: string[] = [];
    rig.pairing.onChange(() => {
      throw new Error('a listener');
    });
    const stop = rig.pairing.onChange(() => {
      phases.push(rig.pairing.state().attempts[0]?.phase ?? 'none');
    });
    await pairWhole(rig, phone);
    expect(phases).toEqual(['waiting_for_pin', 'verifying', 'paired']);
    rig.clock.ms += 300_000;
    rig.pairing.tick();
    expect(phases.at(-1)).toBe('none');
    stop();
    start(rig, phone);
    expect(phases).toHaveLength(4);
  });

  test('sees a wrong time mended even when a listener looks while it ends', () => {
    const rig = nvRig();
    rig.pairing.onChange(() => rig.pairing.state());
    for (const i of [1, 2, 3]) start(rig, phone, { address: `10.0.0.${i}` });
    rig.clock.ms += 180_000;
    rig.pairing.tick();
    expect(rig.pairing.state().attempts.map(({ code }) => code)).toEqual([
      'timed_out',
      'timed_out',
      'timed_out',
    ]);
  });
});

test('Sunshine PR#4955: no PIN, salt, certificate or secret reaches the log', async () => {
  const rig = nvRig();
  const client = new PairingClient(phone, '8642');
  const first = rig.clear(client.phase1());
  const ended = rig.pairing.enterPin({ pin: '8642' });
  await fourPhases(rig, client, first);
  await rig.secure(client.phase5(), phone);
  expect((await ended).phase).toBe('paired');
  const all = rig.lines.join('');
  expect(rig.lines.length).toBeGreaterThan(5);
  expect(all).toContain(phone.fingerprint.slice(0, 16));
  for (const target of [client.phase1(), client.phase2(), client.phase3(), client.phase4()]) {
    for (const value of target.matchAll(/=([0-9a-f]{16,})/g)) {
      expect(all).not.toContain(value[1] ?? '');
    }
  }
  expect(all).not.toMatch(/8642|salt|clientcert|uniqueid|CERTIFICATE/);
});
