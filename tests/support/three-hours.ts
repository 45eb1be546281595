// Feeds a capture three hours of one session at 240 fps, five polls a second, and prints what that took as JSON. A
// process of its own: memory is measured above what the same process has before it.
import { encodeRecord } from '../../host/src/engine/fake-records.ts';
import { parseCapture } from '../../recording/src/format.ts';
import { RECORD_BYTES } from '../../recording/src/frames.ts';
import { ARMED_NS, announced, builder } from './captures.ts';
import { frame } from './records.ts';

const FPS = 240;
const POLLS_A_SECOND = 5;
const PER_POLL = FPS / POLLS_A_SECOND;
const POLLS = 3 * 3600 * POLLS_A_SECOND;

const records = new Uint8Array(PER_POLL * RECORD_BYTES);
for (let i = 0; i < PER_POLL; i += 1) records.set(encodeRecord(frame()), i * RECORD_BYTES);
const view = new DataView(records.buffer);

/** The records of one poll: durations that differ, up to 6 ms in the encoder. */
function poll(n: number): Uint8Array {
  const first = Math.round((n * 1e9) / POLLS_A_SECOND);
  for (let i = 0; i < PER_POLL; i += 1) {
    const at = i * RECORD_BYTES;
    const noise = ((n * PER_POLL + i) * 2_654_435_761) >>> 0;
    view.setBigUint64(at, ARMED_NS + BigInt(first + Math.round((i * 1e9) / FPS)), true);
    [800_000, 900_000, 1e6 + (noise % 6_000_000), 7.2e6, 7.3e6, 7.4e6, 8e6].forEach((ns, b) => {
      view.setUint32(at + 8 + 4 * b, ns + (noise % 100_000), true);
    });
    view.setUint32(at + 36, n * PER_POLL + i + 1, true);
    view.setUint32(at + 40, n * PER_POLL + i, true);
    view.setUint32(at + 48, 20_000 + (noise % 40_000), true);
  }
  return records.slice();
}

const rssMb = () => {
  Bun.gc(true);
  return process.memoryUsage().rss / 1e6;
};

poll(0);
const idleMb = rssMb();
const capture = builder();
capture.take(announced({ fps: FPS }));
const began = process.cpuUsage();
let peakMb = 0;
for (let n = 0; n < POLLS; n += 1) {
  const atNs = ARMED_NS + (BigInt(n + 1) * 1_000_000_000n) / BigInt(POLLS_A_SECOND);
  capture.take({ kind: 'records', bytes: poll(n) });
  if (n % 2 === 0) {
    const totals = { packetsLost: n >> 6, packetsRecovered: n >> 7, rttUs: 400 + (n % 97) };
    capture.take({ kind: 'receiver', atNs, sessionId: 1, totals });
  }
  capture.advance(atNs);
  capture.deltas();
  if (n % 2_000 === 0) peakMb = Math.max(peakMb, process.memoryUsage().rss / 1e6);
}
const { user, system } = process.cpuUsage(began);
const heldMb = rssMb() - idleMb;
const { text } = capture.finish(ARMED_NS + 10_800n * 1_000_000_000n);
const { samples, truncated } = parseCapture(text);
console.log(
  JSON.stringify({
    frames: capture.frameCount,
    counted: samples.reduce((sum, s) => sum + (s.frames ?? 0), 0),
    samples: samples.length,
    truncated: truncated ?? false,
    cpuSeconds: (user + system) / 1e6,
    heldMb,
    peakMb: peakMb - idleMb,
    textMb: text.length / 1e6,
  }),
);
