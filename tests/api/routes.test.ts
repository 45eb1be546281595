// Routes of clients, pairing, sessions and status: their answers, and how they refuse.
import { describe, expect, test } from 'bun:test';
import Type from 'typebox';
import { PairedClient, PairingAttempt, PairingState } from '../../contract/clients.ts';
import { ApiError } from '../../contract/errors.ts';
import { HostStatus, SessionInfo } from '../../contract/host.ts';
import { API, body, fault, jsonBody, START } from '../support/api.ts';
import { fakeApi, settled } from '../support/fake-api.ts';
import { sessionOf } from '../support/fake-collaborators.ts';

const DECK = '01'.repeat(32);
const CLIENTS = `${API}/clients`;
const PIN = `${CLIENTS}/pin`;
const PAIRING = `${API}/pairing`;

describe('clients', () => {
  test('are listed, renamed, and told what they may', async () => {
    const host = fakeApi();
    host.clients.add(DECK, 'Deck');
    const list = await body<PairedClient[]>(
      await host.ask('GET', CLIENTS),
      Type.Array(PairedClient),
    );
    expect(list.map(({ name }) => name)).toEqual(['Deck']);
    const change = { name: 'Bedroom', may_end: true };
    const answer = await host.ask('PATCH', `${CLIENTS}/${DECK}`, jsonBody(change));
    expect(await body<PairedClient>(answer, PairedClient)).toMatchObject(change);
    expect(host.clients.known.get(DECK)).toMatchObject(change);
  });

  test('take no empty, long or unknown change', async () => {
    const host = fakeApi();
    host.clients.add(DECK, 'Deck');
    for (const wrong of [{}, { name: '' }, { name: 'x'.repeat(65) }, { client_id: 'x' }, [], 1]) {
      const answer = await host.ask('PATCH', `${CLIENTS}/${DECK}`, jsonBody(wrong));
      expect(await fault(answer)).toEqual([422, 'invalid']);
    }
    expect(host.clients.known.get(DECK)?.name).toBe('Deck');
  });

  test('are revoked once; unknown ones are not found', async () => {
    const host = fakeApi();
    host.clients.add(DECK, 'Deck');
    expect((await host.ask('DELETE', `${CLIENTS}/${DECK}`)).status).toBe(204);
    expect(host.clients.known.size).toBe(0);
    for (const id of [DECK, 'x', 'pin', '__proto__', '..%2fclients', '%00']) {
      const answer = await host.ask('DELETE', `${CLIENTS}/${id}`);
      expect([id, ...(await fault(answer))]).toEqual([id, 404, 'client_not_found']);
    }
    const renamed = await host.ask('PATCH', `${CLIENTS}/${DECK}`, jsonBody({ name: 'x' }));
    expect(await fault(renamed)).toEqual([404, 'client_not_found']);
  });
});

describe('a PIN', () => {
  test('answers when the attempt ended, and not before', async () => {
    const host = fakeApi();
    host.pairing.knock('a1', 'Phone');
    const device = Promise.withResolvers<void>();
    host.pairing.answerAfter = device.promise;
    let answered = false;
    const entered = host.ask('POST', PIN, jsonBody({ pin: '1234', name: 'Kitchen' }));
    void entered.then(() => {
      answered = true;
    });
    await settled();
    await settled();
    expect(answered).toBe(false);
    device.resolve();
    const attempt = await body<PairingAttempt>(await entered, PairingAttempt);
    expect(attempt).toMatchObject({ attempt_id: 'a1', name: 'Kitchen', phase: 'paired' });
  });

  test('that is wrong is a failure with a reason and never a success', async () => {
    const host = fakeApi();
    host.pairing.knock('a1', 'Phone');
    const answer = await host.ask('POST', PIN, jsonBody({ pin: '9999' }));
    expect(answer.status).toBe(409);
    expect(await body<ApiError>(answer, ApiError)).toEqual({
      error: 'The PIN was wrong.',
      code: 'pairing_failed',
    });
  });

  test('needs a device that waits, and a choice when several do', async () => {
    const host = fakeApi();
    const enter = (entry: object) => host.ask('POST', PIN, jsonBody(entry));
    expect(await fault(await enter({ pin: '1234' }))).toEqual([404, 'no_attempt']);
    host.pairing.knock('a1', 'Phone');
    host.pairing.knock('a2', 'Deck');
    expect(await fault(await enter({ pin: '1234' }))).toEqual([409, 'several_attempts']);
    const paired = await enter({ pin: '1234', attempt_id: 'a2' });
    expect(await body<PairingAttempt>(paired, PairingAttempt)).toMatchObject({ name: 'Deck' });
    expect(host.pairing.waiting.map(({ attempt_id }) => attempt_id)).toEqual(['a1']);
  });

  test('is four digits, and no other form reaches the pairing', async () => {
    const host = fakeApi();
    host.pairing.knock('a1', 'Phone');
    for (const pin of ['', '123', '12345', '12a4', ' 1234', '１２３４', 1234, null, ['1234']]) {
      const answer = await host.ask('POST', PIN, jsonBody({ pin }));
      expect([pin, ...(await fault(answer))]).toEqual([pin, 422, 'invalid']);
    }
    expect(await fault(await host.ask('POST', PIN))).toEqual([422, 'invalid']);
    expect(host.pairing.waiting).toHaveLength(1);
  });
});

describe('pairing', () => {
  test('is shown, switched off and on, and its attempts are turned away', async () => {
    const host = fakeApi();
    host.pairing.knock('a1', 'Phone');
    const state = await body<PairingState>(await host.ask('GET', PAIRING), PairingState);
    expect([state.enabled, state.attempts.length]).toEqual([true, 1]);
    const off = await host.ask('PUT', PAIRING, jsonBody({ enabled: false }));
    expect((await body<PairingState>(off, PairingState)).enabled).toBe(false);
    const wrong = await host.ask('PUT', PAIRING, jsonBody({ enabled: 'yes' }));
    expect(await fault(wrong)).toEqual([422, 'invalid']);
    expect((await host.ask('DELETE', `${PAIRING}/a1`)).status).toBe(204);
    expect(await fault(await host.ask('DELETE', `${PAIRING}/a1`))).toEqual([404, 'no_attempt']);
  });
});

describe('sessions', () => {
  test('are listed and ended one by one', async () => {
    const host = fakeApi();
    host.streams.extra.push(sessionOf(7, 'Deck'), sessionOf(8, 'Phone'));
    expect((await host.ask('DELETE', `${API}/sessions/7`)).status).toBe(204);
    const list = await body<SessionInfo[]>(
      await host.ask('GET', `${API}/sessions`),
      Type.Array(SessionInfo),
    );
    expect(list).toEqual([sessionOf(8, 'Phone')]);
    for (const id of ['7', '-1', '8.0', '0x8', '8e0', 'x', '9'.repeat(400), '%208']) {
      const answer = await host.ask('DELETE', `${API}/sessions/${id}`);
      expect([id, ...(await fault(answer))]).toEqual([id, 404, 'session_not_found']);
    }
    expect(host.streams.extra).toHaveLength(1);
  });

  test('all end with the app, which may be idle already', async () => {
    const host = fakeApi();
    host.streams.extra.push(sessionOf(7, 'Deck'), sessionOf(8, 'Phone'));
    host.streams.appRuns = true;
    for (let times = 0; times < 2; times += 1) {
      expect((await host.ask('DELETE', `${API}/app`)).status).toBe(204);
      expect([host.streams.extra.length, host.streams.appRuns]).toEqual([0, false]);
    }
  });
});

test('status tells in a few words what happens', async () => {
  const host = fakeApi();
  const status = async () => body<HostStatus>(await host.ask('GET', `${API}/status`), HostStatus);
  expect(await status()).toEqual({
    state: 'free',
    sessions: 0,
    max_sessions: 4,
    measuring: false,
    waiting_for_pin: 0,
  });
  host.streams.extra.push(sessionOf(7, 'Deck'));
  host.streams.appRuns = true;
  host.pairing.knock('a1', 'Phone');
  await host.ask('POST', START);
  expect(await status()).toEqual({
    state: 'busy',
    sessions: 1,
    max_sessions: 4,
    measuring: true,
    waiting_for_pin: 1,
  });
});

test('a collaborator that fails is a 500 that tells nothing', async () => {
  const host = fakeApi();
  host.clients.revoke = async () => {
    throw new Error('/root/secret/clients.json: EIO');
  };
  const answer = await host.ask('DELETE', `${CLIENTS}/${DECK}`);
  const { error, code } = await body<ApiError>(answer, ApiError);
  expect([answer.status, code, error.includes('/root')]).toEqual([500, 'internal', false]);
  expect(host.lines.join('')).toContain('EIO');
});
