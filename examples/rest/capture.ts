// Records a test stream over the REST API and saves the recording: start, stream, wait, stop, download.
// usage: PUNKTFUNK_TOKEN=… bun examples/rest/capture.ts [SECONDS] [FILE]
// Answers are read with the schemas that the host itself writes them with.
import { writeFile } from 'node:fs/promises';
import { Value } from 'typebox/value';
import { CaptureMeta } from '../../contract/stats.ts';
import { type TestStreamRequest, TestStreamState } from '../../contract/test-streams.ts';

const { PUNKTFUNK_API: host = 'http://127.0.0.1:47990', PUNKTFUNK_TOKEN: token } = process.env;
const api = `${host}/api/v1`;
const seconds = Number(process.argv[2] ?? 5);
const file = process.argv[3] ?? 'recording.json';

if (token === undefined)
  throw new Error('set PUNKTFUNK_TOKEN to what `punktfunk-host token` prints');

await call('POST', '/stats/capture/start');
try {
  const request: TestStreamRequest = { source: 'synthetic', seconds };
  await call('POST', '/test-streams', request);
  await streamEnd();
} finally {
  const stopped = await call('POST', '/stats/capture/stop');
  if (stopped.status === 200) await download(Value.Parse(CaptureMeta, await stopped.json()));
}

async function streamEnd(): Promise<void> {
  for (;;) {
    const answer = await call('GET', '/test-streams');
    const state = Value.Parse(TestStreamState, await answer.json());
    if (state.state === 'failed') throw new Error(`the test stream failed: ${state.error}`);
    if (state.state === 'done' || state.state === 'idle') {
      console.log(`frames: ${state.report?.frames_received ?? 'none'} received`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function download(meta: CaptureMeta): Promise<void> {
  const answer = await call('GET', `/stats/recordings/${encodeURIComponent(meta.id)}`);
  await writeFile(file, new Uint8Array(await answer.arrayBuffer()));
  console.log(`${meta.id}: ${meta.sample_count} samples in ${file}`);
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
