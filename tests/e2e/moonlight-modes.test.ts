// What a stock client may ask for: encryption on and off, several modes, IPv4 and IPv6, surround. The picture is right
// in each.
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { SessionInfo } from '../../contract/host.ts';
import { missingExecutable, temporaryFolder } from '../support/host.ts';
import { missingMoonlight, pairedClient, until } from '../support/moonlight.ts';
import { look, stepsBack, streamingHost } from '../support/streaming-host.ts';

const missing = missingExecutable || missingMoonlight;
const CASES = [
  { width: 1280, height: 720, fps: 60, encrypt: true, address: '127.0.0.1', channels: 2 },
  { width: 1280, height: 720, fps: 60, encrypt: false, address: '::1', channels: 2 },
  { width: 1920, height: 1080, fps: 30, encrypt: true, address: '::1', channels: 6 },
  { width: 1920, height: 1080, fps: 30, encrypt: false, address: '127.0.0.1', channels: 8 },
  { width: 2400, height: 1080, fps: 60, encrypt: true, address: '127.0.0.1', channels: 2 },
] as const;
/** Bytes of one Opus packet of 5 ms, by channels, at the quality that a client asks for below and above 15 Mb/s. */
const OPUS_BYTES = { 2: ['60', '320'], 6: ['160', '960'], 8: ['281', '1280'] } as const;

describe.skipIf(missing !== '')(`modes of a stock client${missing}`, () => {
  for (const { width, height, fps, encrypt, address, channels } of CASES) {
    const name = `${width}x${height}@${fps}, ${encrypt ? 'encrypted' : 'clear'}, ${address}, ${channels} channels`;
    test(name, async () => {
      const size = { width, height };
      await using streaming = await streamingHost(size, fps);
      const { host } = streaming;
      await using client = await pairedClient(host, { address });
      const out = join(temporaryFolder(), 'stream.h264');
      const launched = await client.launch({ ...size, fps, encrypt, channels, out });
      expect(launched.stage).toBeUndefined();
      await until(
        'frames',
        async () => (await client.state()).frames >= fps * 3 || undefined,
        30_000,
      );
      const [session] = (await host.json('GET', '/api/v1/sessions')) as SessionInfo[];
      expect(session?.encryption).toEqual({ control: 'v2', video: encrypt, audio: encrypt });
      const state = await client.stop();
      // A client that gets no processor for a while loses packets in its own socket; it must recover all the same.
      expect(state.gaps).toBeLessThan(fps / 2);
      expect(state.audio.packets).toBeGreaterThan(100);
      // The client's Python decoder does not do eight channels.
      if (channels < 8) expect(state.audio.samples).toBeGreaterThan(state.audio.packets * 200);
      expect([state.audio.undecodable, state.audio.peak]).toEqual([0, 0]);
      expect(Object.keys(state.audio.sizes)).toHaveLength(1);
      expect(OPUS_BYTES[channels] as readonly string[]).toContain(
        Object.keys(state.audio.sizes)[0] ?? '',
      );
      const seen = await look(out, size);
      expect(seen.unreadable).toBe(0);
      expect(stepsBack(seen.markers)).toBe(0);
      expect(seen.worstPsnr).toBeGreaterThan(30);
    }, 90_000);
  }

  for (const { policy, wanted, video, audio } of [
    // What the host demands is done by a client that did not want it.
    { policy: 'required', wanted: false, video: true, audio: true },
    // Sound is the client's to decide, whatever was offered.
    { policy: 'off', wanted: true, video: false, audio: true },
  ]) {
    test(`--encryption ${policy}, with a client that ${wanted ? 'wants' : 'does not want'} it`, async () => {
      const size = { width: 640, height: 360 };
      await using streaming = await streamingHost(size, 30, { args: ['--encryption', policy] });
      const { host } = streaming;
      await using client = await pairedClient(host);
      const out = join(temporaryFolder(), 'stream.h264');
      const launched = await client.launch({ ...size, fps: 30, encrypt: wanted, out });
      expect(launched.stage).toBeUndefined();
      await until('frames', async () => (await client.state()).frames >= 45 || undefined, 20_000);
      const [session] = (await host.json('GET', '/api/v1/sessions')) as SessionInfo[];
      expect(session?.encryption).toEqual({ control: 'v2', video, audio });
      const state = await client.stop();
      expect(state.audio.packets).toBeGreaterThan(50);
      const seen = await look(out, size);
      expect([seen.unreadable, stepsBack(seen.markers)]).toEqual([0, 0]);
    }, 60_000);
  }
});
