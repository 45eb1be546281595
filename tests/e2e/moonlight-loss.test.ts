// A lossy network between host and stock client: the picture stays right, recovery needs no key frame, and what the
// recording says was lost is what the client counted.
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Capture, CaptureMeta } from '../../contract/stats.ts';
import { missingExecutable, temporaryFolder } from '../support/host.ts';
import { missingMoonlight, pairedClient, until } from '../support/moonlight.ts';
import { missingNetwork, Network } from '../support/network.ts';
import { look, stepsBack, streamingHost } from '../support/streaming-host.ts';

const SIZE = { width: 1280, height: 720 };
const missing = missingExecutable || missingMoonlight || missingNetwork;
type Figure = 'packets_dropped' | 'fec_recovered' | 'frames_not_shown' | 'frames_dropped';

const LOSSES = [
  { name: '1 % of the packets', apply: (n: Network, port: number) => n.loss(port, 1) },
  { name: '5 % of the packets', apply: (n: Network, port: number) => n.loss(port, 5) },
  { name: 'bursts of 25 in a row', apply: (n: Network, port: number) => n.bursts(port, 25, 1500) },
];

describe.skipIf(missing !== '')(`loss on the way to a stock client${missing}`, () => {
  for (const { name, apply } of LOSSES) {
    test(name, async () => {
      await using network = await Network.create();
      await using streaming = await streamingHost(SIZE, 60, { wrapper: network.host.wrapper });
      const { host } = streaming;
      const { address } = network.host;
      await using client = await pairedClient(host, { wrapper: network.client.wrapper, address });
      const out = join(temporaryFolder(), 'stream.h264');
      await host.json('POST', '/api/v1/stats/capture/start');
      await client.launch({ ...SIZE, fps: 60, bitrate_kbps: 10_000, out });
      await until('frames', async () => (await client.state()).frames > 60 || undefined, 20_000);
      await apply(network, host.gamestreamPort + 9);
      await Bun.sleep(8000);
      const dropped = await network.heal();
      await Bun.sleep(1500);
      const state = await client.stop();
      const meta = (await host.json('POST', '/api/v1/stats/capture/stop')) as CaptureMeta;
      const capture = (await host.json('GET', `/api/v1/stats/recordings/${meta.id}`)) as Capture;

      expect(dropped).toBeGreaterThan(5);
      const seen = await look(out, SIZE);
      expect(seen.unreadable).toBe(0);
      expect(stepsBack(seen.markers)).toBe(0);
      expect(seen.worstPsnr).toBeGreaterThan(30);
      // What was lost for good was answered by frames that need nothing lost. A client that gets no processor may ask for
      // one key frame more, because its decoder's queue is full.
      expect(state.key_frames?.[0]).toBe(state.first_number ?? -1);
      expect(state.key_frames?.length).toBeLessThanOrEqual(2);

      const total = (field: Figure) =>
        capture.samples.reduce((sum, sample) => sum + (sample[field] ?? 0), 0);
      // A block that got all its data says nothing of lost parity, nor does anybody of the last frame that vanished in a
      // burst: a lower bound.
      expect(total('packets_dropped')).toBeGreaterThan(dropped * 0.4);
      expect(total('packets_dropped')).toBeLessThanOrEqual(dropped);
      expect(capture.samples.some((sample) => (sample.rtt_us ?? 0) > 0)).toBe(true);
      if (name.startsWith('bursts')) {
        const answers = capture.events?.filter(({ kind }) => kind === 'invalidation') ?? [];
        expect(answers.length).toBeGreaterThan(0);
      }
      // What the client's own frame numbers skip is what it could not show and what the host did not send, kept apart.
      const missing = total('frames_not_shown') + total('frames_dropped');
      expect(Math.abs(missing - (state.gaps ?? 0))).toBeLessThanOrEqual(2);
      expect(total('fec_recovered')).toBeLessThanOrEqual(dropped);
      if (!name.startsWith('bursts')) expect(total('fec_recovered')).toBeGreaterThan(5);
      // Nothing of it was the host's doing; at the very end the client's socket is closed before it says so.
      expect(
        capture.samples
          .slice(0, -2)
          .reduce((sum, { send_dropped }) => sum + (send_dropped ?? 0), 0),
      ).toBe(0);
    }, 90_000);
  }
});
