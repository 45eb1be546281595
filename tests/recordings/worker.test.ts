// The recorder in its Worker, with the real engine: messages, errors and deltas cross, and a Worker that was ended in the
// middle leaves what the next one finishes.
import { afterAll, describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LiveDelta } from '../../contract/stats.ts';
import { engineFile } from '../../host/src/engine/location.ts';
import { openNativeEngine } from '../../host/src/engine/native-transport.ts';
import { RecordingsWorker } from '../../host/src/recordings/client.ts';
import { runFolder } from '../support/recorder.ts';
import { refusal } from '../support/refusal.ts';

const transport = await openNativeEngine(engineFile(process.env));
const workers: RecordingsWorker[] = [];
afterAll(async () => {
  for (const worker of workers) worker.terminate();
  await transport.close();
});

describe('the Worker', () => {
  test('answers, refuses with its codes, and tells of a capture to whoever listens', async () => {
    const worker = await opened(runFolder());
    const heard: LiveDelta[] = [];
    const [stop, stopSecond] = [
      worker.onDelta((delta) => heard.push(delta)),
      worker.onDelta(() => undefined),
    ];
    expect(await worker.status()).toMatchObject({ armed: false, black_box: { on: true } });
    expect(await refusal(worker.mark({ text: 'nothing takes it' }))).toBe('409 not_recording');
    expect((await worker.start({ name: 'in a Worker' })).armed).toBe(true);
    await worker.mark({ text: 'here' });
    const live: unknown = JSON.parse((await worker.live()) ?? '');
    expect(live).toMatchObject({ samples: [], meta: { kind: '' } });
    expect(await worker.stop()).toMatchObject({ name: 'in a Worker', sample_count: 0 });
    expect(heard.map(({ kind }) => kind)).toEqual(['started', 'event', 'stopped']);
    stop();
    stopSecond();
    await worker.start();
    expect(heard.length).toBe(3);
    expect(await worker.shutdown()).toMatchObject({ kind: '' });
    expect((await worker.list()).metas.map(({ name }) => name)).toEqual([undefined, 'in a Worker']);
  });

  test('keeps the order of what it is told before it has loaded anything', async () => {
    const worker = await opened(runFolder());
    const answers: string[] = [];
    await Promise.all([
      worker.start().then(({ armed }) => answers.push(`start ${armed}`)),
      worker.mark({ text: 'first' }).then(({ kind }) => answers.push(kind)),
      worker.stop().then((meta) => answers.push(`stop ${meta?.sample_count}`)),
      worker.stop().then((meta) => answers.push(`again ${meta}`)),
    ]);
    expect(answers).toEqual(['start true', 'marker', 'stop 0', 'again undefined']);
  });

  test('that was ended in the middle leaves what the next one finishes before it lists', async () => {
    const configDir = runFolder();
    const first = await opened(configDir);
    await first.start({ name: 'cut short' });
    await first.mark({ text: 'it was here' });
    const folder = join(configDir, 'captures');
    // Written within half a second and a poll.
    await Bun.sleep(1000);
    first.terminate();
    await Bun.sleep(100);
    expect(readdirSync(folder).filter((name) => name.endsWith('.journal')).length).toBe(1);
    const second = await opened(configDir);
    const { metas } = await second.list();
    expect(metas).toMatchObject([{ recovered: true, name: 'cut short' }]);
    expect((await second.status()).last_run?.recovered_ids).toEqual([metas[0]?.id ?? '']);
    await second.dismissLastRun();
    expect((await second.status()).last_run).toBeUndefined();
    expect(readdirSync(folder).filter((name) => name.endsWith('.journal'))).toEqual([]);
    await second.shutdown();
  });
});

async function opened(configDir: string): Promise<RecordingsWorker> {
  const worker = new RecordingsWorker(
    {
      ...transport.handle,
      configDir,
      perf: false,
      blackBox: true,
      metrics: false,
      keep: { count: 0, days: 0, bytes: 0 },
      host: { version: '1.2.3' },
    },
    {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (message) => expect(message).not.toContain('failed'),
    },
  );
  workers.push(worker);
  return worker;
}
