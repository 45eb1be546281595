// What is made of saved recordings: frames of a range, figures, events; few at once, and none that nobody reads.
import { describe, expect, test } from 'bun:test';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Downloads } from '../../host/src/recordings/downloads.ts';
import type { FramesQuery } from '../../host/src/recordings/service.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import { asId, recorderWorld, type World } from '../support/recorder.ts';
import { refusal, refusalNow } from '../support/refusal.ts';

describe('frames', () => {
  test('of a whole recording are the file as it lies there', async () => {
    const { world, id } = recorded();
    expect(await world.recordings.openFrames(id, { format: 'parquet' })).toEqual({
      handle: 0,
      path: join(world.folder, `${id}.frames.parquet`),
    });
    expect(await world.recordings.nextFrames(0)).toBeUndefined();
  });

  test('of a range are a file of their own', async () => {
    const { world, id } = recorded();
    const bytes = await pieces(world, id, { format: 'parquet', session: 2, from_ms: 60_000 });
    const file = FramesFile.open({
      byteLength: bytes.byteLength,
      read: (from, to) => bytes.subarray(from, to),
    });
    expect(file.rows).toBe(10 * 25);
    expect(file.groups.every(({ fromUs }) => fromUs >= 60_000_000)).toBe(true);
    expect(file.about.recordingId).toBe(id);
  });

  test('are lines of JSON, with the columns that are asked for', async () => {
    const { world, id } = recorded();
    const query = { format: 'jsonl', columns: ['session', 'grabbed_us', 'qp'] } as const;
    const text = new TextDecoder().decode(await pieces(world, id, { ...query, to_ms: 1000 }));
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBe(50 + 25);
    for (const line of lines) {
      expect(Object.keys(JSON.parse(line))).toEqual(['session', 'grabbed_us', 'qp']);
    }
  });

  test('of nothing are an empty file', async () => {
    const { world, id } = recorded();
    expect(await pieces(world, id, { format: 'jsonl', from_ms: 1e9 })).toEqual(new Uint8Array());
    const bytes = await pieces(world, id, { format: 'parquet', from_ms: 1e9 });
    const file = FramesFile.open({
      byteLength: bytes.byteLength,
      read: (from, to) => bytes.subarray(from, to),
    });
    expect(file.rows).toBe(0);
  });

  test('of few downloads are open at once; idle ones make room', () => {
    const { world, id } = recorded();
    let nowMs = 0;
    const downloads = new Downloads(world.store, () => nowMs);
    const query: FramesQuery = { format: 'jsonl' };
    const handles = Array.from({ length: 16 }, () => downloads.openFrames(id, query)?.handle ?? 0);
    expect(refusalNow(() => downloads.openFrames(id, query))).toBe('503 too_many_downloads');
    nowMs = 50_000;
    expect(downloads.nextFrames(handles[0] ?? 0)?.byteLength).toBeGreaterThan(0);
    nowMs = 61_000;
    const late = downloads.openFrames(id, query)?.handle ?? 0;
    expect(downloads.nextFrames(handles[1] ?? 0)).toBeUndefined();
    expect(downloads.nextFrames(handles[0] ?? 0)?.byteLength).toBeGreaterThan(0);
    downloads.closeFrames(late);
    expect(downloads.nextFrames(late)).toBeUndefined();
    downloads.close();
    expect(downloads.nextFrames(handles[0] ?? 0)).toBeUndefined();
  });

  test('that are not there or cannot be read are told apart', async () => {
    const { world, id } = recorded();
    const { recordings } = world;
    const query = { format: 'jsonl' } as const;
    expect(await recordings.openFrames(asId('nothing'), query)).toBeUndefined();
    world.recorder.start();
    const idle = asId(world.recorder.stop()?.id ?? '');
    expect(await refusal(recordings.openFrames(idle, query))).toBe('404 no_frames');
    expect(await refusal(recordings.quantiles(idle, {}))).toBe('404 no_frames');
    writeFileSync(join(world.folder, `${id}.frames.parquet`), 'PAR1 and nothing else PAR1');
    expect(await refusal(recordings.openFrames(id, query))).toBe('404 recording_damaged');
    expect(await refusal(recordings.quantiles(id, {}))).toBe('404 recording_damaged');
  });
});

describe('figures', () => {
  test('of any range count its frames', async () => {
    const { world, id } = recorded();
    const { recordings } = world;
    expect(await recordings.quantiles(id, {})).toMatchObject({ count: 70 * 75, dropped: 0 });
    expect(
      await recordings.quantiles(id, { session: 1, from_ms: 10_000, to_ms: 12_000 }),
    ).toMatchObject({ count: 100, session: 1, key_frames: 0 });
    expect(await recordings.quantiles(asId('nothing'), {})).toBeUndefined();
  });

  test('are of the file that lies there now', async () => {
    const { world, id } = recorded();
    const { recordings } = world;
    expect((await recordings.quantiles(id, {}))?.count).toBe(70 * 75);
    world.recorder.start();
    world.pass(1000);
    const other = asId(world.recorder.stop()?.id ?? '');
    renameSync(
      join(world.folder, `${other}.frames.parquet`),
      join(world.folder, `${id}.frames.parquet`),
    );
    expect((await recordings.quantiles(id, {}))?.count).toBe(75);
  });
});

test('events are those of the range, of the session and of the kinds asked for', async () => {
  const { world, id } = recorded();
  const { recordings } = world;
  const kinds = async (query: Parameters<typeof recordings.events>[1]) =>
    (await recordings.events(id, query))?.map(({ kind, session_id }) => [kind, session_id]);
  expect(await kinds({ kinds: ['marker', 'key_frame'] })).toEqual([
    ['key_frame', 1],
    ['marker', undefined],
  ]);
  expect(await kinds({ session: 2 })).toEqual([
    ['session_start', 2],
    ['marker', undefined],
  ]);
  expect(await kinds({ from_ms: 70_000, kinds: ['marker'] })).toEqual([['marker', undefined]]);
  expect(await recordings.events(asId('nothing'), {})).toBeUndefined();
});

/** 70 s of two sessions, 50 and 25 frames a second. */
function recorded() {
  const world = recorderWorld();
  world.stream(1, 50);
  world.stream(2, 25);
  world.recorder.start();
  world.pass(35_000);
  world.recorder.event(1, world.engine.nowNs(), { kind: 'key_frame', frame: 1 });
  world.pass(35_000);
  world.recorder.mark({ text: 'the end' });
  return { world, id: asId(world.recorder.stop()?.id ?? '') };
}

async function pieces(world: World, id: ReturnType<typeof asId>, query: FramesQuery) {
  const download = await world.recordings.openFrames(id, query);
  const parts: Uint8Array[] = [];
  for (;;) {
    const piece = await world.recordings.nextFrames(download?.handle ?? -1);
    if (piece === undefined) return new Uint8Array(Buffer.concat(parts));
    parts.push(piece);
  }
}
