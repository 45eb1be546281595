// Records a test stream over the REST API: arm, stream, stop, list, exact figures of its second half, and its files.
// usage: PUNKTFUNK_TOKEN=… bun examples/rest/capture.ts [SECONDS] [FOLDER]
// Prints one line a stage: name, frames, p50, p99 and max in µs. Answers are read with the schemas that the host itself
// writes them with.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { CaptureMeta, RangeQuantiles } from '../../contract/stats.ts';
import { type TestStreamRequest, TestStreamState } from '../../contract/test-streams.ts';

const { PUNKTFUNK_API: host = 'http://127.0.0.1:47990', PUNKTFUNK_TOKEN: token } = process.env;
const api = `${host}/api/v1`;
const seconds = Number(process.argv[2] ?? 5);
const folder = process.argv[3] ?? '.';

if (token === undefined)
  throw new Error('set PUNKTFUNK_TOKEN to what `punktfunk-host token` prints');

await call('POST', '/stats/capture/start');
let stopped: Response;
try {
  const request: TestStreamRequest = { source: 'synthetic', seconds };
  await call('POST', '/test-streams', request);
  console.error(`streaming for ${seconds} s …`);
  await streamEnd();
} finally {
  stopped = await call('POST', '/stats/capture/stop');
}
if (stopped.status === 204) throw new Error('somebody else has stopped the capture');
const meta = Value.Parse(CaptureMeta, await stopped.json());

const newest = await call('GET', '/stats/recordings?limit=5');
for (const one of Value.Parse(Type.Array(CaptureMeta), await newest.json())) {
  console.error(`${one.id}  ${Math.floor(one.duration_ms / 1000)} s`);
}

const recording = `/stats/recordings/${encodeURIComponent(meta.id)}`;
const half = Math.floor(meta.duration_ms / 2);
const asked = await call('GET', `${recording}/quantiles?from_ms=${half}&percents=50,99`);
for (const stage of Value.Parse(RangeQuantiles, await asked.json()).stages) {
  const { p50, p99 } = stage.quantiles_us;
  console.log(stage.name, stage.count, p50, p99, stage.max_us);
}

await save(recording, `${meta.id}.json`);
await save(`${recording}/frames`, `${meta.id}.frames.parquet`);
console.error(`saved ${join(folder, meta.id)}.json and ${meta.id}.frames.parquet`);

async function streamEnd(): Promise<void> {
  for (;;) {
    const answer = await call('GET', '/test-streams');
    const state = Value.Parse(TestStreamState, await answer.json());
    if (state.state === 'failed') throw new Error(`the test stream failed: ${state.error}`);
    if (state.state === 'done' || state.state === 'idle') return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** An answer as it is, byte for byte. */
async function save(path: string, name: string): Promise<void> {
  const answer = await call('GET', path);
  await writeFile(join(folder, name), new Uint8Array(await answer.arrayBuffer()));
}

/** The answer; an error answer is thrown as the host's own sentence. */
async function call(method: string, path: string, body?: object): Promise<Response> {
  const answer = await fetch(api + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}
