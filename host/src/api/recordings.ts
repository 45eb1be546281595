// Recordings over REST: list, get, import, change, delete, the trash. What lies inside of one is in recording-range.ts.
import { Elysia } from 'elysia';
import Type from 'typebox';
import { Capture, CaptureMeta, RecordingChange, StreamKind } from '../../../contract/stats.ts';
import { AppError } from '../errors.ts';
import type { ListQuery, OpenedRecording } from '../recordings/service.ts';
import type { ApiHost } from './api.ts';
import { MOST_IMPORT_BYTES, MOST_IMPORT_MS, readBody } from './bodies.ts';
import type { Caller } from './caller.ts';
import {
  DownloadParam,
  JSON_HEADERS,
  RecordingParams,
  recordingId,
  recordingNotFound,
  SAVE_QUIET_S,
  savedAs,
} from './recording-params.ts';
import { errors, std } from './schema.ts';

const UnixMs = Type.Integer({ minimum: 0 });
const RecordingsQuery = Type.Object({
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, description: 'At most so many; all without it' }),
  ),
  after: Type.Optional(
    Type.String({ maxLength: 128, description: 'What comes after this id: X-Next-After tells it' }),
  ),
  kind: Type.Optional(StreamKind),
  tag: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
  starred: Type.Optional(Type.Boolean()),
  from_unix_ms: Type.Optional(UnixMs),
  to_unix_ms: Type.Optional(UnixMs),
  text: Type.Optional(
    Type.String({ maxLength: 200, description: 'In id, name, note, client or a tag' }),
  ),
});
const DeleteQuery = Type.Object({
  forever: Type.Optional(
    Type.Boolean({ description: 'Past the trash, or out of it: it cannot be restored' }),
  ),
});

export const recordingRoutes = (host: () => ApiHost, caller: (request: Request) => Caller) => {
  let importing = false;
  return new Elysia({ prefix: '/api/v1/stats', tags: ['stats'] })
    .get(
      '/recordings',
      async ({ query, set, request }) => {
        const { metas, next } = await host().recordings.list(listQuery(query));
        if (next !== undefined) {
          set.headers['x-next-after'] = next;
          set.headers['link'] = `<${nextPage(request.url, next)}>; rel="next"`;
        }
        return [...metas];
      },
      {
        query: std(RecordingsQuery, { coerce: true }),
        response: {
          200: std(Type.Array(CaptureMeta), {
            headers: {
              Link: 'The next page, `rel="next"`; absent on the last',
              'X-Next-After': '`after` of the next page; absent on the last',
            },
          }),
          ...errors(422, 503),
        },
        detail: {
          operationId: 'stats_recordings_list',
          summary: 'Saved recordings, newest first',
          description: 'Files in captures/ that cannot be read come last, and say why (`damaged`).',
        },
      },
    )
    .post(
      '/recordings',
      async ({ request, status }) => {
        if (importing) {
          throw new AppError(409, 'import_running', 'Another import is running; try again soon.');
        }
        importing = true;
        try {
          caller(request).keepOpen(IMPORT_QUIET_S);
          const limits = { mostBytes: MOST_IMPORT_BYTES, mostMs: MOST_IMPORT_MS };
          const bytes = await readBody(request, limits);
          if (bytes.length === 0) {
            throw new AppError(400, 'import_invalid', 'The body is empty; send a recording.');
          }
          caller(request).keepOpen(SAVE_QUIET_S);
          return status(201, await host().recordings.import(bytes));
        } finally {
          importing = false;
        }
      },
      {
        // Read by hand, so that nothing larger than its limit is ever in memory.
        parse: 'none',
        response: { 201: std(CaptureMeta), ...errors(400, 408, 409, 413, 500, 503, 507) },
        detail: {
          operationId: 'stats_recording_import',
          summary: 'Take a recording from elsewhere: JSON of any version, or the same gzipped',
          description:
            `At most ${MOST_IMPORT_BYTES} bytes, one at a time. 400 \`import_invalid\` says what is wrong with it; 409 ` +
            '`recording_exists` when it is here already.',
          requestBody: {
            required: true,
            content: {
              'application/json': { schema: { $ref: '#/components/schemas/Capture' } },
              'application/gzip': { schema: { type: 'string', format: 'binary' } },
            },
          },
        },
      },
    )
    .get(
      '/recordings/:id',
      async ({ params, query, headers }) => {
        const id = recordingId(params.id);
        const opened = await host().recordings.open(id);
        if (opened === undefined) throw recordingNotFound(params.id);
        const gzip = /\bgzip\b/.test(headers['accept-encoding'] ?? '');
        return fileResponse(
          opened,
          gzip,
          query.download === undefined ? {} : savedAs(`${id}.json`),
        );
      },
      {
        params: std(RecordingParams),
        query: std(Type.Object({ download: DownloadParam }), { coerce: true }),
        response: { 200: std(Capture), ...errors(404, 422, 503) },
        detail: { operationId: 'stats_recording_get', summary: 'One recording' },
      },
    )
    .patch(
      '/recordings/:id',
      async ({ params, body }) => {
        const meta = await host().recordings.change(recordingId(params.id), body);
        if (meta === undefined) throw recordingNotFound(params.id);
        return meta;
      },
      {
        params: std(RecordingParams),
        body: std(RecordingChange),
        response: { 200: std(CaptureMeta), ...errors(404, 422, 500, 503, 507) },
        detail: {
          operationId: 'stats_recording_change',
          summary: 'Name, note, tags and star of one recording',
          description: 'What is left out stays; an empty text or list takes it away.',
        },
      },
    )
    .delete(
      '/recordings/:id',
      async ({ params, query, status }) => {
        const how = query.forever === true ? 'forever' : 'trash';
        if (!(await host().recordings.remove(recordingId(params.id), how))) {
          throw recordingNotFound(params.id);
        }
        return status(204, undefined);
      },
      {
        params: std(RecordingParams),
        query: std(DeleteQuery, { coerce: true }),
        response: {
          204: std(Type.Void({ description: 'Deleted' })),
          ...errors(404, 422, 500, 503, 507),
        },
        detail: {
          operationId: 'stats_recording_delete',
          summary: 'Delete one recording: into the trash, for seven days',
        },
      },
    )
    .get('/trash', async () => [...(await host().recordings.trash())], {
      response: { 200: std(Type.Array(CaptureMeta)), ...errors(503) },
      detail: {
        operationId: 'stats_trash_list',
        summary: 'Deleted recordings that can be restored',
      },
    })
    .post(
      '/recordings/:id/restore',
      async ({ params }) => {
        const meta = await host().recordings.restore(recordingId(params.id));
        if (meta === undefined) throw recordingNotFound(params.id);
        return meta;
      },
      {
        params: std(RecordingParams),
        response: { 200: std(CaptureMeta), ...errors(404, 409, 500, 503, 507) },
        detail: { operationId: 'stats_recording_restore', summary: 'Take one out of the trash' },
      },
    );
};

function listQuery(query: Type.Static<typeof RecordingsQuery>): ListQuery {
  const { from_unix_ms: fromUnixMs, to_unix_ms: toUnixMs, ...rest } = query;
  return {
    ...rest,
    ...(fromUnixMs === undefined ? {} : { fromUnixMs }),
    ...(toUnixMs === undefined ? {} : { toUnixMs }),
  };
}

/** The same question from a later place, as an address below this host. */
function nextPage(address: string, after: string): string {
  const url = new URL(address);
  url.searchParams.set('after', after);
  return `${url.pathname}${url.search}`;
}

/** Bytes as they lie on disk; nobody parses a recording on its way out. */
function fileResponse(
  opened: OpenedRecording,
  gzip: boolean,
  extra: Readonly<Record<string, string>>,
): Response {
  const headers: Record<string, string> = { ...JSON_HEADERS, ...extra, vary: 'Accept-Encoding' };
  if (opened.kind === 'text') return new Response(opened.text, { headers });
  if (!gzip || opened.gzipPath === undefined) {
    return new Response(Bun.file(opened.path), { headers });
  }
  headers['content-encoding'] = 'gzip';
  return new Response(Bun.file(opened.gzipPath), { headers });
}

/** A body that stands still for so long is given up. */
const IMPORT_QUIET_S = 30;
