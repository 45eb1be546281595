// Plays a script on a running host with a capture armed, and fetches what the host says of it and what really happened:
// all of it through the host's API, as anybody could.
import Type from 'typebox';
import { Value } from 'typebox/value';
import { Capture, CaptureMeta, RangeQuantiles } from '../../contract/stats.ts';
import { type TestScript, TestStreamState } from '../../contract/test-streams.ts';
import { FrameBatch } from '../../recording/src/frames.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import type { Host } from '../support/host.ts';
import { type Comparison, compare, type Told } from './compare.ts';
import { parseTruthLog, type TruthLog } from './log.ts';

export async function playAndCompare(host: Host, script: TestScript): Promise<Comparison> {
  const { log, told } = await play(host, script);
  return compare(log, told);
}

/** Plays, and answers what happened and what was told of it. */
export async function play(
  host: Host,
  script: TestScript,
): Promise<{ readonly log: TruthLog; readonly told: Told }> {
  await host.json('POST', '/api/v1/stats/capture/start');
  await host.json('POST', '/api/v1/test-streams', { script, truth: true });
  await ended(host, script);
  const log = parseTruthLog(await text(host, '/api/v1/test-streams/truth'));
  const meta = Value.Parse(CaptureMeta, await host.json('POST', '/api/v1/stats/capture/stop'));
  const path = `/api/v1/stats/recordings/${meta.id}`;
  const capture = Value.Parse(Capture, await host.json('GET', path));
  const answer = await host.ask('GET', `${path}/frames?format=parquet`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const read = (from: number, to: number): Uint8Array => bytes.subarray(from, to);
  const file = FramesFile.open({ byteLength: bytes.byteLength, read });
  const frames = FrameBatch.concat(file.groups.map((_, group) => file.read(group)));
  const told: Told = {
    capture,
    frames,
    quantiles: async (session, fromMs, toMs, percents) => {
      const query = new URLSearchParams({
        session: String(session),
        from_ms: String(fromMs),
        to_ms: String(toMs),
        percents: percents.join(','),
      });
      return Value.Parse(RangeQuantiles, await host.json('GET', `${path}/quantiles?${query}`));
    },
  };
  return { log, told };
}

async function ended(host: Host, script: TestScript): Promise<void> {
  const longest = Math.max(
    ...script.sessions.map(({ start_ms = 0, seconds }) => start_ms / 1000 + seconds),
  );
  const limit = performance.now() + longest * 1000 + PATIENCE_MS;
  for (;;) {
    const state = Value.Parse(TestStreamState, await host.json('GET', '/api/v1/test-streams'));
    if (state.state === 'failed') throw new Error(`the script failed: ${state.error}`);
    if (state.state === 'done') return;
    if (performance.now() > limit) throw new Error(`no end: ${JSON.stringify(state)}`);
    await Bun.sleep(50);
  }
}

async function text(host: Host, path: string): Promise<string> {
  const answer = await host.ask('GET', path);
  const body = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${body}`);
  return Value.Parse(Type.String(), body);
}

const PATIENCE_MS = 15_000;
