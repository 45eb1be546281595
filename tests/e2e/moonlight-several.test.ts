// Several stock clients at once, each in a process of its own: every line of the table of sessions, and one that leaves
// never disturbs the others.
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { HostStatus, SessionInfo } from '../../contract/host.ts';
import type { Capture, CaptureMeta } from '../../contract/stats.ts';
import { footprint } from '../../scripts/lib/footprint.ts';
import { type Host, missingExecutable, temporaryFolder } from '../support/host.ts';
import { type Moonlight, missingMoonlight, pairedClient, until } from '../support/moonlight.ts';
import { look, stepsBack, streamingHost } from '../support/streaming-host.ts';

const SIZE = { width: 640, height: 360 };
const MODE = { ...SIZE, fps: 30 };
const missing = missingExecutable || missingMoonlight;
const sessions = (host: Host) => host.json('GET', '/api/v1/sessions') as Promise<SessionInfo[]>;
const streamed = (client: Moonlight, frames: number) =>
  until(
    `${frames} frames`,
    async () => (await client.state()).frames >= frames || undefined,
    30_000,
  );
const busy = async (client: Moonlight) => {
  const { state, currentgame } = await client.serverinfo();
  return [state?.endsWith('_BUSY'), currentgame !== '0'];
};

describe.skipIf(missing !== '')(`several stock clients${missing}`, () => {
  test('two watch the same app; the rules of joining, ending and leaving hold', async () => {
    await using streaming = await streamingHost(SIZE, 30);
    const { host } = streaming;
    await using first = await pairedClient(host);
    await using second = await pairedClient(host);
    const folder = temporaryFolder();
    const files = [join(folder, 'first.h264'), join(folder, 'second.h264')] as const;

    // Nothing runs.
    expect(await busy(first)).toEqual([false, false]);
    await expect(first.launch({ ...MODE, resume: true })).rejects.toThrow(/503|no/i);
    await first.cancel();
    await host.json('POST', '/api/v1/stats/capture/start');
    await first.launch({ ...MODE, out: files[0] });
    await streamed(first, 20);

    // The app runs, and this client has a session: it may not launch again, only resume.
    expect(await busy(first)).toEqual([true, true]);
    const again = await first.raw('launch', await launchArguments(first));
    expect(again).toContain('status_code="400"');

    // Others see it, join it, and each has a session and an encoder of its own.
    expect(await busy(second)).toEqual([true, true]);
    await second.launch({ ...MODE, resume: true, out: files[1] });
    await streamed(second, 30);
    expect((await sessions(host)).map(({ state }) => state)).toEqual(['streaming', 'streaming']);

    // Who takes no part may not end it.
    await using third = await pairedClient(host);
    expect(await third.raw('cancel')).toContain('status_code="403"');
    expect(await sessions(host)).toHaveLength(2);

    // One quits: that ends its own stream, not the app. The other does not lose a frame.
    const before = (await first.state()).frames;
    const left = await second.stop();
    expect(left.gaps).toBe(0);
    await second.cancel();
    expect(await busy(second)).toEqual([false, false]);
    expect(await busy(first)).toEqual([true, true]);
    await until('one session', async () => (await sessions(host)).length === 1 || undefined);
    await streamed(first, before + 60);
    const stayed = await first.stop();
    expect(stayed.gaps).toBe(0);
    expect(stayed.key_frames).toHaveLength(1);

    // The client that launched it may end it.
    await first.cancel();
    expect(await busy(first)).toEqual([false, false]);
    expect(await busy(second)).toEqual([false, false]);

    const meta = (await host.json('POST', '/api/v1/stats/capture/stop')) as CaptureMeta;
    const capture = (await host.json('GET', `/api/v1/stats/recordings/${meta.id}`)) as Capture;
    const clients = capture.sessions?.map(({ client }) => client) ?? [];
    expect(clients).toHaveLength(2);
    for (const { session_id } of capture.sessions ?? []) {
      const own = capture.samples.filter((sample) => sample.session_id === session_id);
      expect(own.reduce((sum, { frames }) => sum + (frames ?? 0), 0)).toBeGreaterThan(20);
    }
    for (const file of files) {
      const seen = await look(file, SIZE);
      expect(seen.unreadable).toBe(0);
      expect(stepsBack(seen.markers)).toBe(0);
    }
  }, 120_000);

  test('four stream at once, a fifth is told the limit, the operator ends one', async () => {
    await using streaming = await streamingHost(SIZE, 30);
    const { host } = streaming;
    const clients: Moonlight[] = [];
    await using stack = new AsyncDisposableStack();
    for (let i = 0; i < 5; i += 1) clients.push(stack.use(await pairedClient(host)));
    const [leader, ...others] = clients;
    if (leader === undefined) throw new Error('no client');
    await leader.launch(MODE);
    await Promise.all(others.slice(0, 3).map((client) => client.launch({ ...MODE, resume: true })));
    const four = clients.slice(0, 4);
    await Promise.all(four.map((client) => streamed(client, 60)));
    expect((await host.json('GET', '/api/v1/status')) as HostStatus).toMatchObject({
      state: 'busy',
      sessions: 4,
      max_sessions: 4,
    });
    await expect(clients[4]?.launch({ ...MODE, resume: true })).rejects.toThrow(/limit|503/i);
    const own = (await sessions(host)).find(({ client_id }) => client_id !== undefined);
    const ended = await Promise.all(
      four.map(async (client) => ({ client, id: await client.fingerprint() })),
    ).then((all) => all.find(({ id }) => id === own?.client_id)?.client);
    await host.json('DELETE', `/api/v1/sessions/${own?.session_id}`);
    await until('its end', async () => (await ended?.state())?.terminated || undefined);
    for (const client of four) {
      const state = await client.stop();
      if (client === ended) expect(state.termination).toBe(0);
      else expect([state.terminated, state.gaps]).toEqual([false, 0]);
    }
  }, 180_000);

  test('coming and going leaves nothing behind', async () => {
    await using streaming = await streamingHost(SIZE, 30);
    const { host } = streaming;
    await using client = await pairedClient(host);
    await client.launch(MODE);
    await streamed(client, 5);
    await client.stop();
    const cycles = Number(process.env['PF_CONNECT_CYCLES'] ?? 8);
    const round = async () => {
      await client.launch({ ...MODE, resume: true });
      await streamed(client, 3);
      await client.stop();
      await until('no session', async () => (await sessions(host)).length === 0 || undefined);
    };
    for (let i = 0; i < 3; i += 1) await round();
    const before = footprint(host.pid);
    for (let i = 0; i < cycles; i += 1) await round();
    const after = footprint(host.pid);
    expect(after.threads).toBe(before.threads);
    expect(after.handles).toBeLessThanOrEqual(before.handles + 1);
    expect(after.rss_kb - before.rss_kb).toBeLessThan(6 * 1024 + cycles * 100);
  }, 300_000);
});

async function launchArguments(client: Moonlight): Promise<string> {
  const app = (await client.apps())[0]?.id;
  return `appid=${app}&mode=640x360x30&rikey=${'0123456789abcdef'.repeat(2)}&rikeyid=1&corever=1`;
}
