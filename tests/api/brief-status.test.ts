import { expect, test } from 'bun:test';
import type { StatsStatus } from '../../contract/stats.ts';
import { briefStatus } from '../../host/src/api/brief-status.ts';
import { API } from '../support/api.ts';
import { EventReader } from '../support/event-reader.ts';
import { fakeApi } from '../support/fake-api.ts';

const RECORDER = {
  ...{ frames: 2_592_000, ns_per_frame: 812.25, bytes_written: 36_000_000, write_ms: 12_345.5 },
  ...{ write_max_ms: 100.25, shed_frames: 2_592_000 },
};

const LONGEST: StatsStatus = {
  armed: true,
  sample_count: 172_800,
  started_unix_ms: 1_790_000_000_000,
  kind: 'gamestream',
  now_unix_ms: 1_790_000_000_000,
  unsaved: true,
  fault: `The disk says: ${'ü'.repeat(5000)}`,
  recorder: RECORDER,
  black_box: {
    on: true,
    ...{ seconds: 119.99, frames: 60_000, bytes: 3_999_999, limit_bytes: 4_000_000, limit_s: 120 },
    ...{ saved: 10, held_back: 1000, last_trigger: 'loss_burst' },
    last_saved_unix_ms: 1_790_000_000_000,
    last_id: 'x'.repeat(128),
  },
  last_run: {
    started_unix_ms: 1_790_000_000_000,
    last_seen_unix_ms: 1_790_000_000_000,
    version: '0.1.0',
    seconds: 119.99,
    recovered_ids: Array.from({ length: 500 }, () => 'x'.repeat(128)),
    saved_id: 'x'.repeat(128),
  },
};

test('the recorder’s state fits into 2 KB for readers of the event stream, whatever it has to say', () => {
  expect(Buffer.byteLength(JSON.stringify(briefStatus(LONGEST)))).toBeLessThan(2048);
});

test('what is short stays as it is', () => {
  const status: StatsStatus = { ...LONGEST, fault: 'The disk is full.' };
  delete status.last_run;
  expect(briefStatus(status)).toEqual(status);
});

test('a black box that fills and figures of writing are no news; that it was saved is', async () => {
  const host = fakeApi();
  const box = LONGEST.black_box;
  if (box === undefined) throw new Error('there is no black box');
  const say = (more: Partial<typeof box>, frames: number): void => {
    host.recordings.status_ = {
      black_box: { ...box, ...more },
      recorder: { ...RECORDER, frames },
    };
  };
  say({ seconds: 20, frames: 1200, bytes: 5000 }, 1);
  const reader = new EventReader(await host.ask('GET', `${API}/events?topics=captures`));
  expect(await reader.next()).toMatchObject({ event: 'captures' });
  for (let i = 1; i < 10; i += 1) {
    say({ seconds: 20 + i, frames: 1200 + i, bytes: 5000 + i }, i);
    await host.second();
  }
  say({ seconds: 29.5, saved: 11 }, 99);
  await host.second();
  expect(await reader.next()).toMatchObject({ data: { status: { black_box: { saved: 11 } } } });
  say({ seconds: 30, saved: 11 }, 99);
  await host.second();
  expect(await reader.next()).toMatchObject({ data: { status: { black_box: { seconds: 30 } } } });
});
