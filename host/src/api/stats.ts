// The seven routes of the statistics API, as spec "Statistics capture" names them.
import { Elysia } from 'elysia';
import Type from 'typebox';
import { ApiError } from '../../../contract/errors.ts';
import { Capture, CaptureMeta, StatsStatus } from '../../../contract/stats.ts';
import { parseRecordingId, type RecordingId } from '../../../recording/src/recording-id.ts';
import { AppError } from '../errors.ts';
import type { OpenedRecording } from '../recordings/store.ts';
import type { ApiHost } from './api.ts';
import { std } from './schema.ts';

const RecordingParams = Type.Object({ id: Type.String() });
const DownloadQuery = Type.Object({
  download: Type.Optional(
    Type.String({ description: 'Any value: answer as a file to be saved under its id' }),
  ),
});

export const statsRoutes = (host: () => ApiHost) =>
  new Elysia({ prefix: '/api/v1/stats', tags: ['stats'] })
    .post('/capture/start', () => andTell(host(), host().recordings.start()), {
      response: { 200: std(StatsStatus), 409: std(ApiError) },
      detail: {
        operationId: 'stats_capture_start',
        summary: 'Arm a capture; armed already changes nothing',
      },
    })
    .post(
      '/capture/stop',
      async ({ status }) =>
        (await andTell(host(), host().recordings.stop())) ?? status(204, undefined),
      {
        response: {
          200: std(CaptureMeta),
          204: std(Type.Void({ description: 'Nothing was running' })),
          500: std(ApiError),
          507: std(ApiError),
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
      response: { 200: std(StatsStatus) },
      detail: { operationId: 'stats_capture_status', summary: 'Whether a capture is armed' },
    })
    .get('/capture/live', async () => json(await host().recordings.live()), {
      response: { 200: std(Capture), 404: std(ApiError) },
      detail: {
        operationId: 'stats_capture_live',
        summary: 'The capture so far',
        description: 'Also one that is stopped and waits to be saved.',
      },
    })
    .get('/recordings', () => host().recordings.list(), {
      response: { 200: std(Type.Array(CaptureMeta)) },
      detail: { operationId: 'stats_recordings_list', summary: 'Saved recordings, newest first' },
    })
    .get(
      '/recordings/:id',
      async ({ params, query, headers }) => {
        const id = recordingId(params.id);
        const opened = await host().recordings.open(id);
        if (opened === undefined) throw notFound(params.id);
        const gzip = /\bgzip\b/.test(headers['accept-encoding'] ?? '');
        return fileResponse(opened, gzip, query.download === undefined ? undefined : id);
      },
      {
        params: std(RecordingParams),
        query: std(DownloadQuery),
        response: { 200: std(Capture), 404: std(ApiError) },
        detail: { operationId: 'stats_recording_get', summary: 'One recording' },
      },
    )
    .delete(
      '/recordings/:id',
      async ({ params }) => {
        if (!(await host().recordings.remove(recordingId(params.id)))) throw notFound(params.id);
        return noContent();
      },
      {
        params: std(RecordingParams),
        response: {
          204: std(Type.Void({ description: 'Deleted' })),
          404: std(ApiError),
        },
        detail: { operationId: 'stats_recording_delete', summary: 'Delete one recording' },
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

/** Anything that is no safe id answers like a missing recording. */
function recordingId(text: string): RecordingId {
  const id = parseRecordingId(text);
  if (id === undefined) throw notFound(text);
  return id;
}

function notFound(id: string): AppError {
  const shown = JSON.stringify(id.length > 64 ? `${id.slice(0, 64)}…` : id);
  return new AppError(404, 'recording_not_found', `There is no recording ${shown}.`);
}

function json(text: string | undefined): Response {
  if (text === undefined) {
    throw new AppError(404, 'not_recording', 'No capture is running; start one first.');
  }
  return new Response(text, { headers: JSON_HEADERS });
}

/** Bytes as they lie on disk; nobody parses a recording on its way out. */
function fileResponse(
  opened: OpenedRecording,
  gzip: boolean,
  downloadAs: string | undefined,
): Response {
  const headers: Record<string, string> = { ...JSON_HEADERS, vary: 'Accept-Encoding' };
  if (downloadAs !== undefined) {
    headers['content-disposition'] = `attachment; filename="${downloadAs}.json"`;
  }
  if (opened.kind === 'text') return new Response(opened.text, { headers });
  if (!gzip || opened.gzipPath === undefined) {
    return new Response(Bun.file(opened.path), { headers });
  }
  headers['content-encoding'] = 'gzip';
  return new Response(Bun.file(opened.gzipPath), { headers });
}

function noContent(): Response {
  return new Response(undefined, { status: 204 });
}

const JSON_HEADERS = { 'content-type': 'application/json' } as const;
