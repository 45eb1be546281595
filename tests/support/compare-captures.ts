// Two recordings for a comparison: the stuttering run, and another one of the same game that begins later on its own
// clock, streams with another encoder and bitrate, and has one spike elsewhere. Both have a marker of the same text.

import { frameBytes } from './frames-files.ts';
import { type ReviewedRun, slowDown, stutteringRun } from './review-captures.ts';
import { syntheticFrames } from './synthetic-frames.ts';

export const MARKER = 'Boss fight';
export const MARKERS_MS = [6000, 9500] as const;
/** When the second one's first frame is grabbed, about. */
export const LATER_MS = 2000;
export const LATER_SPIKE_ROW = 600;
export const LATER_SPIKE_US = 45_000;

export function twoRuns(): readonly [ReviewedRun, ReviewedRun] {
  const first = stutteringRun();
  const [session] = first.capture.sessions ?? [];
  if (session === undefined) throw new Error('the stuttering run has a session');
  const batch = syntheticFrames({
    ...{ session: 1, fps: 120, seed: 23, seconds: 15, startUs: LATER_MS * 1000, mbps: 18 },
  });
  slowDown(batch, LATER_SPIKE_ROW, LATER_SPIKE_US);
  const marker = (run: 0 | 1) => [
    { t_ms: MARKERS_MS[run], kind: 'marker', detail: { text: MARKER } },
  ];
  const { meta } = first.capture;
  return [
    {
      ...first,
      capture: {
        ...first.capture,
        meta: { ...meta, id: '2026-08-23T18-14-00Z_1920x1080', name: 'Before' },
        sessions: [{ ...session, bitrate_kbps: 30_000 }],
        events: marker(0),
      },
    },
    {
      batch,
      bytes: frameBytes(batch),
      capture: {
        ...first.capture,
        meta: {
          ...meta,
          ...{ id: '2026-08-22T18-14-00Z_1920x1080', name: 'After', duration_ms: 18_000 },
          ...{ started_unix_ms: meta.started_unix_ms + 86_400_000, frame_count: batch.length },
        },
        sessions: [
          {
            ...session,
            ...{
              encoder: 'openh264',
              bitrate_kbps: 20_000,
              started_t_ms: 1500,
              ended_t_ms: 17_500,
            },
          },
        ],
        events: marker(1),
      },
    },
  ];
}
