// The black box inside a whole recorder, on virtual time over a real folder: what comes into the list by itself.
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MOST_AUTOMATIC } from '../../host/src/recordings/auto-save.ts';
import { LastRuns } from '../../host/src/recordings/last-run.ts';
import { LiveBlackBox } from '../../host/src/recordings/live-black-box.ts';
import { RunWriter } from '../../host/src/recordings/run-writer.ts';
import { asId, recorderWorld, runFolder, STARTED_UNIX_MS, sessionOf } from '../support/recorder.ts';
import { processesOf } from '../support/run-folder.ts';

describe('a stutter', () => {
  test('lies in the list by itself, with its frames and its figures', async () => {
    const world = hostWorld();
    world.stream(1, 60);
    world.pass(10_000);
    stutter(world);
    const { metas } = await world.recordings.list();
    expect(metas).toHaveLength(1);
    expect(metas[0]).toMatchObject({ trigger: 'freeze', client: 'client 1', session_count: 1 });
    const capture = await world.saved(metas[0]?.id ?? '');
    const freeze = capture.events?.find(({ kind }) => kind === 'freeze');
    expect(Number(freeze?.detail?.['ms'])).toBeGreaterThan(790);
    const quantiles = await world.recordings.quantiles(idOf(metas[0]), {});
    expect(quantiles?.count).toBe(metas[0]?.frame_count ?? -1);
    expect(world.recorder.status().black_box).toMatchObject({ saved: 1, last_id: metas[0]?.id });
  });

  test('again and again fills no disk: ten are in the list, the oldest went to the trash', async () => {
    const world = hostWorld();
    world.stream(1, 30);
    for (let i = 0; i < MOST_AUTOMATIC + 2; i += 1) {
      world.pass(301_000);
      stutter(world, 30);
    }
    const { metas } = await world.recordings.list();
    expect(metas).toHaveLength(MOST_AUTOMATIC);
    const trash = await world.recordings.trash();
    expect(trash).toHaveLength(2);
    const newest = Math.max(...trash.map(({ started_unix_ms }) => started_unix_ms));
    expect(metas.every(({ started_unix_ms }) => started_unix_ms > newest)).toBe(true);
  }, 60_000);

  test('in an armed capture is an event there and nothing else', async () => {
    const world = hostWorld();
    world.stream(1, 60);
    world.recorder.start();
    world.pass(5000);
    stutter(world);
    const meta = world.recorder.stop();
    const { metas } = await world.recordings.list();
    expect(metas.map(({ id }) => id)).toEqual([meta?.id ?? '']);
    const kinds = (await world.saved(meta?.id ?? '')).events?.map(({ kind }) => kind);
    expect(kinds).toContain('freeze');
  });
});

describe('a capture with a past', () => {
  test('has every frame of it, once', async () => {
    const world = hostWorld();
    world.stream(1, 60, { app: 'Desktop' });
    world.pass(150_000);
    world.recorder.start({ pre_roll_s: 100 });
    world.pass(20_000);
    const meta = world.recorder.stop();
    expect(meta).toMatchObject({ frame_count: 120 * 60, duration_ms: 120_000 });
    expect((await world.saved(meta?.id ?? '')).sessions?.[0]).toMatchObject({ app: 'Desktop' });
  });
});

describe('a host that is killed', () => {
  test('is offered by the next, saved without a name, and not offered again', async () => {
    const configDir = runFolder();
    const killed = hostWorld({ configDir, pid: 100 });
    killed.stream(1, 60, { client: 'Anna’s television' });
    killed.pass(20_000);
    const next = hostWorld({ configDir, pid: 200 });
    const { last_run } = next.recorder.status();
    expect(last_run).toMatchObject({ started_unix_ms: STARTED_UNIX_MS, version: '9.9.9' });
    expect(last_run?.seconds).toBeGreaterThan(18);
    const meta = next.recorder.saveLastRun();
    expect((await next.recordings.list()).metas).toMatchObject([
      { trigger: 'bad_end', id: meta?.id },
    ]);
    const text = readFileSync(join(next.folder, `${meta?.id}.json`), 'utf8');
    expect(text).not.toContain('Anna');
    expect(text).toContain('client 1');
    expect(next.recorder.status().last_run).toMatchObject({ saved_id: meta?.id });
    next.recorder.dismissLastRun();
    expect(next.recorder.status()).not.toHaveProperty('last_run');
    next.recorder.shutdown();
    const after = hostWorld({ configDir, pid: 300 });
    expect(after.recorder.status()).not.toHaveProperty('last_run');
  });

  test('leaves it also behind a run that ended well and was not asked', async () => {
    const configDir = runFolder();
    const killed = hostWorld({ configDir, pid: 100 });
    killed.stream(1, 60);
    killed.pass(10_000);
    const next = hostWorld({ configDir, pid: 200 });
    next.recorder.shutdown();
    expect(readdirSync(next.folder)).toContain('.black-box.last');
  });
});

type Options = { readonly configDir?: string; readonly pid?: number };

function hostWorld({ configDir = runFolder(), pid = 100 }: Options = {}) {
  const world = recorderWorld({
    configDir,
    blackBox: ({ saver, recordings, disk, folder = '' }) => {
      const nowUnixMs = (): number => world.recorder.status().now_unix_ms ?? STARTED_UNIX_MS;
      const quiet = () => undefined;
      const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
      const lastRuns = new LastRuns({ folder, disk, processes: processesOf({ self: pid }), log });
      return new LiveBlackBox({
        ...{ mode: 'on', saver, recordings, lastRuns, log, nowUnixMs },
        host: { version: '9.9.9' },
        runWriter: new RunWriter({
          path: join(folder, `.black-box.${pid}`),
          header: { pid, version: '9.9.9', started_unix_ms: STARTED_UNIX_MS, nonce: pid },
          ...{ disk, nowUnixMs: () => STARTED_UNIX_MS, log },
        }),
        nowNs: () => world.engine.nowNs(),
        after: () => quiet,
      });
    },
  });
  return world;
}

/** The game stands still for 0.8 s, and goes on. */
function stutter(world: ReturnType<typeof hostWorld>, fps = 60): void {
  world.engine.end(1);
  world.pass(800);
  world.engine.stream(1, fps);
  world.pass(5000);
  world.recorder.session(sessionOf(1, { fps }));
}

function idOf(meta: { readonly id: string } | undefined) {
  return asId(meta?.id ?? '');
}
