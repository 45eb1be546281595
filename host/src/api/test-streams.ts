// Test streams over REST: start, state, stop.
import { Elysia } from 'elysia';
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
          'One at a time. During a capture it is recorded as a session of client `test`.',
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
    .delete('/test-streams', () => host().testStreams.stop(), {
      response: { 200: std(TestStreamState) },
      detail: {
        operationId: 'test_stream_stop',
        tags: ['test-streams'],
        summary: 'Stop the test stream and answer its report; idle is fine',
      },
    });
