// A stock client's own core against the compiled executable: finds it, pairs, sees the right picture, leaves, comes back.
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { PairedClient, PairingState } from '../../contract/clients.ts';
import type { SessionInfo } from '../../contract/host.ts';
import { missingExecutable, run, startHost, temporaryFolder } from '../support/host.ts';
import {
  Moonlight,
  MoonlightError,
  missingMoonlight,
  pairedClient,
  until,
} from '../support/moonlight.ts';
import { missingNetwork, Network } from '../support/network.ts';
import { distinct, look, stepsBack, streamingHost } from '../support/streaming-host.ts';

const SIZE = { width: 1280, height: 720 };
const missing = missingExecutable || missingMoonlight;
const sessions = (host: { json(m: string, p: string): Promise<unknown> }) =>
  host.json('GET', '/api/v1/sessions') as Promise<SessionInfo[]>;

describe.skipIf(missing !== '')(`a stock client${missing}`, () => {
  test.skipIf(missingNetwork !== '')(
    `finds the host by mDNS in a network of its own${missingNetwork}`,
    async () => {
      await using network = await Network.create();
      const host = await startHost({
        wrapper: network.host.wrapper,
        env: { PUNKTFUNK_SOURCE: 'synthetic' },
      });
      try {
        await using client = new Moonlight({ wrapper: network.client.wrapper });
        expect(await client.discover(4)).toContain(network.host.address);
      } finally {
        await host.end();
      }
    },
    60_000,
  );

  test('pairs, lists, streams 300 frames that count up, quits, resumes at another mode, cancels', async () => {
    await using streaming = await streamingHost(SIZE, 60);
    const { host } = streaming;
    const folder = temporaryFolder();
    await using client = await pairedClient(host);
    expect((await client.apps()).map(({ title }) => title)).toEqual(['Desktop']);
    expect((await client.serverinfo())['state']).toEndWith('_SERVER_FREE');

    const out = join(folder, 'first.h264');
    const launched = await client.launch({ ...SIZE, fps: 60, out });
    expect(launched.stage).toBeUndefined();
    expect(launched.url).toStartWith('rtspenc://');
    await until(
      '300 frames',
      async () => {
        return (await client.state()).frames >= 300 || undefined;
      },
      30_000,
    );
    const [session] = await sessions(host);
    expect(session).toMatchObject({
      state: 'streaming',
      client_id: await client.fingerprint(),
      app: 'Desktop',
      width: 1280,
      height: 720,
      fps: 60,
      encryption: { control: 'v2', audio: true },
    });
    const state = await client.stop();
    expect(state.gaps).toBe(0);
    expect(state.out_of_order).toBe(0);
    // The session's first frame is a key frame; without loss there is no other.
    expect(state.key_frames).toEqual([state.first_number ?? -1]);
    // The first 500 ms of sound are thrown away by the client.
    expect(state.audio.packets).toBeGreaterThan(100);
    expect(state.audio.samples).toBeGreaterThan(state.audio.packets * 200);
    expect([state.audio.undecodable, state.audio.peak]).toEqual([0, 0]);
    expect(Object.keys(state.audio.sizes)).toEqual(['60']);
    const seen = await look(out, SIZE);
    expect(seen.pictures).toBe(state.frames);
    expect(seen.unreadable).toBe(0);
    expect(stepsBack(seen.markers)).toBe(0);
    expect(seen.worstPsnr).toBeGreaterThan(30);
    expect(distinct(seen.markers)).toBeGreaterThan(state.frames * 0.5);

    await until('the session to end', async () => (await sessions(host)).length === 0 || undefined);
    expect((await client.serverinfo())['state']).toEndWith('_SERVER_BUSY');
    const again = join(folder, 'again.h264');
    const smaller = { width: 640, height: 360 };
    expect(
      (await client.launch({ ...smaller, fps: 30, resume: true, out: again })).stage,
    ).toBeUndefined();
    await until('60 frames', async () => (await client.state()).frames >= 60 || undefined, 20_000);
    await client.stop();
    expect((await look(again, smaller)).pictures).toBeGreaterThanOrEqual(60);

    await client.cancel();
    const after = await client.serverinfo();
    expect([after['currentgame'], after['state']]).toEqual(['0', 'PUNKTFUNK_SERVER_FREE']);
  }, 120_000);

  test('with a wrong PIN is told so, and nothing is trusted', async () => {
    const host = await startHost({ env: { PUNKTFUNK_SOURCE: 'synthetic' } });
    try {
      await using client = new Moonlight();
      await client.connect(host.gamestreamPort);
      const pairing = client.pair('1111').then(
        () => undefined,
        (error: unknown) => error,
      );
      const attempt = await until('an attempt', async () => {
        const { attempts } = (await host.json('GET', '/api/v1/pairing')) as PairingState;
        return attempts.find(({ phase }) => phase === 'waiting_for_pin');
      });
      const answer = await host.ask('POST', '/api/v1/clients/pin', {
        body: JSON.stringify({ pin: '2222', attempt_id: attempt.attempt_id }),
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.status).toBe(409);
      expect(await answer.json()).toMatchObject({ code: 'pairing_failed' });
      const error = await pairing;
      expect(error).toBeInstanceOf(MoonlightError);
      expect((error as MoonlightError).kind).toBe('WrongPinError');
      expect(await host.json('GET', '/api/v1/clients')).toEqual([]);
      expect((await client.serverinfo(false))['PairStatus']).toBe('0');
    } finally {
      await host.end();
    }
  }, 60_000);

  test('is paired by the command line, which lists who waits and who is paired', async () => {
    const host = await startHost({ args: ['--source', 'synthetic', '--discovery', 'off'] });
    const command = (...words: string[]) =>
      run([...words, '--api-port', new URL(host.address).port], {
        env: { PATH: '/usr/bin:/bin', PUNKTFUNK_CONFIG_DIR: host.configDir },
      });
    try {
      await using client = new Moonlight();
      await client.connect(host.gamestreamPort);
      // Nobody waits yet.
      expect((await command('pair', '4711')).code).toBe(4);
      const pairing = client.pair('4711');
      const waiting = await until('somebody who waits', async () => {
        const { stdout } = await command('pair', '--json');
        return stdout.includes('waiting_for_pin') ? stdout : undefined;
      });
      expect(waiting).toContain(await client.knownFingerprint());
      const paired = await command('pair', '4711', '--name', 'Deck');
      expect([paired.code, paired.stderr]).toEqual([0, '']);
      await pairing;
      expect((await command('clients')).stdout).toContain('Deck');
      expect((await client.apps()).length).toBe(1);
    } finally {
      await host.end();
    }
  }, 60_000);

  test('revoked while it streams is sent away at once and stays out', async () => {
    await using streaming = await streamingHost(SIZE, 60);
    const { host } = streaming;
    await using client = await pairedClient(host);
    await client.launch({ width: 640, height: 360, fps: 30 });
    await until('frames', async () => (await client.state()).frames > 30 || undefined, 20_000);
    const [paired] = (await host.json('GET', '/api/v1/clients')) as PairedClient[];
    expect(paired?.connected).toBe(true);
    const before = performance.now();
    await host.json('DELETE', `/api/v1/clients/${paired?.client_id}`);
    const state = await until('its end', async () => {
      const now = await client.state();
      return now.terminated ? now : undefined;
    });
    expect(performance.now() - before).toBeLessThan(2000);
    expect(state.termination).toBe(0);
    await client.stop();
    await expect(client.apps()).rejects.toThrow();
    expect(await sessions(host)).toEqual([]);
  }, 60_000);

  test('is told when the host stops, with the code of an orderly end', async () => {
    await using streaming = await streamingHost(SIZE, 60);
    const { host } = streaming;
    await using client = await pairedClient(host);
    await client.launch({ width: 640, height: 360, fps: 30 });
    await until('frames', async () => (await client.state()).frames > 30 || undefined, 20_000);
    expect(await host.end()).toBe(0);
    const state = await until('its end', async () => {
      const now = await client.state();
      return now.terminated ? now : undefined;
    });
    expect(state.termination).toBe(0);
    await client.stop();
  }, 60_000);

  test('killed in the middle is noticed within 10 s, and may resume', async () => {
    await using streaming = await streamingHost(SIZE, 60);
    const { host } = streaming;
    const folder = temporaryFolder();
    const first = await pairedClient(host, { folder });
    await first.launch({ width: 640, height: 360, fps: 30 });
    await until('frames', async () => (await first.state()).frames > 30 || undefined, 20_000);
    const before = performance.now();
    await first.kill();
    await until(
      'the session to end',
      async () => (await sessions(host)).length === 0 || undefined,
      15_000,
    );
    expect(performance.now() - before).toBeLessThan(12_000);
    await using second = new Moonlight({ folder });
    await second.connect(host.gamestreamPort);
    expect((await second.serverinfo())['state']).toEndWith('_SERVER_BUSY');
    expect(
      (await second.launch({ width: 640, height: 360, fps: 30, resume: true })).stage,
    ).toBeUndefined();
    await until('frames', async () => (await second.state()).frames > 30 || undefined, 20_000);
    await second.stop();
  }, 90_000);

  test('asking for a mode that the encoder does not do is refused with a sentence, and the host goes on', async () => {
    await using streaming = await streamingHost(SIZE, 60);
    const { host } = streaming;
    await using client = await pairedClient(host);
    const refused = await client
      .launch({ width: 8000, height: 8000, fps: 240 })
      .catch((error: unknown) => error);
    const told =
      refused instanceof MoonlightError
        ? refused.message
        : `stage ${(refused as { stage?: number }).stage}`;
    expect(told).toMatch(/8000|stage 4/);
    await client.cancel();
    await client.launch({ width: 640, height: 360, fps: 30 });
    await until('frames', async () => (await client.state()).frames > 30 || undefined, 20_000);
    await client.stop();
  }, 60_000);
});
