// Test streams over REST: start (one stream, or a script of faults), state, truth, stop.
import { Elysia } from 'elysia';
import Type from 'typebox';
import { ApiError } from '../../../contract/errors.ts';
import { TestStreamRequest, TestStreamState } from '../../../contract/test-streams.ts';
import type { ApiHost } from './api.ts';
import { std } from './schema.ts';

export const testStreamRoutes = (host: () => ApiHost) =>
  new Elysia({ prefix: '/api/v1' })
    .post('/test-streams', ({ body, status }) => status(202, host().testStreams.start(body)), {
      body: std(TestStreamRequest, { absent: {} }),
      response: {
        202: std(TestStreamState),
        409: std(ApiError),
        422: std(ApiError),
      },
      detail: {
        operationId: 'test_stream_start',
        tags: ['test-streams'],
        summary: 'Stream to an independent receiver inside this host',
        description:
          'One at a time. During a capture it is recorded as sessions of client `test`. With `script` (docs/test-scripts.md) faults happen on purpose, by number of frame; 422 `script_invalid` names session, action and reason.',
      },
    })
    .get('/test-streams', () => host().testStreams.state(), {
      response: { 200: std(TestStreamState) },
      detail: {
        operationId: 'test_stream_state',
        tags: ['test-streams'],
        summary: 'State of the test stream and, once it is over, its report',
      },
    })
    .get('/test-streams/truth', () => truth(host().testStreams.truthPath()), {
      response: {
        200: std(Type.String(), { mediaType: JSON_LINES }),
        404: std(ApiError),
        409: std(ApiError),
      },
      detail: {
        operationId: 'test_stream_truth',
        tags: ['test-streams'],
        summary: 'What really happened to each frame of the last script, as JSON lines',
        description: 'Kept when the script was posted with `truth`, until the next test stream.',
      },
    })
    .delete('/test-streams', () => host().testStreams.stop(), {
      response: { 200: std(TestStreamState) },
      detail: {
        operationId: 'test_stream_stop',
        tags: ['test-streams'],
        summary: 'Stop the test stream and answer its report; idle is fine',
      },
    });

/** Bytes as the engine wrote them. */
function truth(path: string): Response {
  return new Response(Bun.file(path), {
    headers: {
      'content-type': JSON_LINES,
      'cache-control': 'no-store',
      // The file has no name of its own.
      'content-disposition': 'inline; filename="truth.jsonl"',
    },
  });
}

const JSON_LINES = 'application/x-ndjson';
