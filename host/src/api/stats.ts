// A running capture over REST: start, stop, state, markers, what it adds as it adds it; the black box and what the last
// run left.
import { Elysia } from 'elysia';
import Type from 'typebox';
import {
  Capture,
  CaptureEvent,
  CaptureMeta,
  CaptureStartRequest,
  LiveDelta,
  MarkerRequest,
  StatsStatus,
} from '../../../contract/stats.ts';
import { AppError } from '../errors.ts';
import type { ApiHost } from './api.ts';
import type { Caller } from './caller.ts';
import { JSON_HEADERS, SAVE_QUIET_S } from './recording-params.ts';
import { errors, std } from './schema.ts';
import { requireLivingToken } from './tokens.ts';

const StreamQuery = Type.Object({
  session: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Only what this session adds, and what is of none' }),
  ),
  last_event_id: Type.Optional(
    Type.String({
      maxLength: 64,
      description: 'Id of the last event that came, when the header Last-Event-ID cannot be set',
    }),
  ),
});

export const statsRoutes = (host: () => ApiHost, caller: (request: Request) => Caller) =>
  new Elysia({ prefix: '/api/v1/stats', tags: ['stats'] })
    .post(
      '/capture/start',
      ({ body, request }) => {
        caller(request).keepOpen(SAVE_QUIET_S);
        return andTell(host(), host().recordings.start(body));
      },
      {
        body: std(CaptureStartRequest, { absent: {} }),
        response: { 200: std(StatsStatus), ...errors(409, 422, 500, 503, 507) },
        detail: {
          operationId: 'stats_capture_start',
          summary: 'Arm a capture; armed already changes nothing',
          description:
            'With `pre_roll_s` it takes along what the black box holds of the past. A capture that could not be saved is saved ' +
            'first; while that fails the answer is 409 `unsaved_capture`.',
        },
      },
    )
    .post(
      '/capture/stop',
      async ({ status, request }) => {
        caller(request).keepOpen(SAVE_QUIET_S);
        return (await andTell(host(), host().recordings.stop())) ?? status(204, undefined);
      },
      {
        response: {
          200: std(CaptureMeta),
          204: std(Type.Void({ description: 'Nothing was running' })),
          ...errors(500, 503, 507),
        },
        detail: {
          operationId: 'stats_capture_stop',
          summary: 'Disarm and save',
          description:
            'When saving fails (`save_failed`) the capture stays in memory, the status says `unsaved`, and the next stop tries again.',
        },
      },
    )
    .get('/capture/status', () => host().recordings.status(), {
      response: { 200: std(StatsStatus), ...errors(503) },
      detail: { operationId: 'stats_capture_status', summary: 'Whether a capture is armed' },
    })
    .get('/capture/live', async () => json(await host().recordings.live()), {
      response: { 200: std(Capture), ...errors(404, 503) },
      detail: {
        operationId: 'stats_capture_live',
        summary: 'The capture so far',
        description: 'Also one that is stopped and waits to be saved.',
      },
    })
    .get(
      '/capture/stream',
      ({ query, request }) => {
        const { grant, keepOpen } = caller(request);
        requireLivingToken(host().tokens, grant);
        const stream = host().live.open({
          tokenId: grant.id,
          session: query.session,
          lastEventId: request.headers.get('last-event-id') ?? query.last_event_id,
        });
        keepOpen();
        return new Response(stream, { headers: { 'content-type': 'text/event-stream' } });
      },
      {
        query: std(StreamQuery, { coerce: true }),
        response: {
          200: std(LiveDelta, { mediaType: 'text/event-stream' }),
          ...errors(422, 503),
        },
        detail: {
          operationId: 'stats_capture_stream',
          summary: 'Server-sent events: what the capture adds, as it adds it',
          description:
            '`event` is the kind, `data` the JSON. `reset` says: load /stats/capture/live; it comes first, and when the id of the last ' +
            'event is too old or of another run. `slow_viewer` says why the stream ends: more than 64 KB waited to be read. ' +
            'Two minutes back an id is good. Ends when its token is revoked.',
        },
      },
    )
    .post(
      '/capture/markers',
      async ({ body, status }) => status(201, await host().recordings.mark(body)),
      {
        body: std(MarkerRequest),
        response: { 201: std(CaptureEvent), ...errors(400, 409, 422, 503) },
        detail: {
          operationId: 'stats_capture_mark',
          summary: 'Put a marker into what is recorded, the black box included',
        },
      },
    )
    .post(
      '/black-box/save',
      async ({ status, request }) => {
        caller(request).keepOpen(SAVE_QUIET_S);
        return status(201, await andTell(host(), host().recordings.saveBlackBox()));
      },
      {
        response: { 201: std(CaptureMeta), ...errors(409, 500, 503, 507) },
        detail: {
          operationId: 'stats_black_box_save',
          summary: 'Make a recording of what the black box holds',
          description:
            '409 `black_box_empty` before a session streamed, `black_box_off` by setting.',
        },
      },
    )
    .post(
      '/last-run/save',
      async ({ status, request }) => {
        caller(request).keepOpen(SAVE_QUIET_S);
        const meta = await andTell(host(), host().recordings.saveLastRun());
        if (meta !== undefined) return status(201, meta);
        throw new AppError(404, 'no_last_run', 'The last run left nothing to be saved.');
      },
      {
        response: { 201: std(CaptureMeta), ...errors(404, 409, 500, 503, 507) },
        detail: {
          operationId: 'stats_last_run_save',
          summary: 'Make a recording of what a run that ended badly left',
          description: 'Without names and addresses, so that it can be shown to others.',
        },
      },
    )
    .delete(
      '/last-run',
      async ({ status }) => {
        await andTell(host(), host().recordings.dismissLastRun());
        return status(204, undefined);
      },
      {
        response: {
          204: std(Type.Void({ description: 'Nobody is told of it any more' })),
          ...errors(500, 503),
        },
        detail: {
          operationId: 'stats_last_run_dismiss',
          summary: 'Forget that the last run ended badly, and what it left',
        },
      },
    );

/** Readers of the event stream hear of it, also when it failed half way. */
async function andTell<T>({ events }: ApiHost, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } finally {
    events.changed('captures');
  }
}

function json(text: string | undefined): Response {
  if (text === undefined) {
    throw new AppError(404, 'not_recording', 'No capture is running; start one first.');
  }
  return new Response(text, { headers: JSON_HEADERS });
}
