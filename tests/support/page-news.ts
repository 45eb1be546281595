// Small captures and what is told of them, for tests of the page.
import type { CaptureNews } from '../../components/base/stats-api.ts';
import type { Capture, CaptureEvent, SessionEntry, StatsSample } from '../../contract/stats.ts';

export const STARTED = 1_700_000_000_000;

export const sample = (t_ms: number, session_id = 1): StatsSample => ({
  ...{ t_ms, session_id, stages: [], fps: 60, repeat_fps: 0, mbps: 9, bitrate_kbps: 10_000 },
});
export const news = (t_ms: number, session_id = 1): CaptureNews => ({
  kind: 'sample',
  sample: sample(t_ms, session_id),
});
export const marker = (t_ms: number, text: string): CaptureEvent => ({
  ...{ t_ms, kind: 'marker', detail: { text } },
});
export const session = (more: Partial<SessionEntry> = {}): SessionEntry => ({
  ...{ session_id: 1, kind: 'native', width: 1280, height: 720, fps: 60, codec: 'h264' },
  ...{ client: 'Deck', source: 'x11', encoder: 'x264', started_t_ms: 0 },
  ...more,
});
export const RESET: CaptureNews = { kind: 'reset' };

export function capture(times: readonly number[], more: Partial<Capture> = {}): Capture {
  return {
    meta: {
      ...{ id: 'x', started_unix_ms: STARTED, duration_ms: times.at(-1) ?? 0, kind: '' },
      ...{ width: 0, height: 0, fps: 0, codec: '', client: '', sample_count: times.length },
    },
    samples: times.map((t) => sample(t)),
    ...more,
  };
}
