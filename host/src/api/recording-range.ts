// Parts of a recording over REST: its frames as Parquet or JSON lines, exact figures of a range, its events.
import { Elysia } from 'elysia';
import Type from 'typebox';
import { type FrameColumn, frameColumns } from '../../../contract/frame-columns.ts';
import { CaptureEvent, FrameRange, RangeQuantiles } from '../../../contract/stats.ts';
import { AppError } from '../errors.ts';
import { preferred } from './accept.ts';
import type { ApiHost } from './api.ts';
import type { Caller } from './caller.ts';
import { FrameDownloads } from './frame-downloads.ts';
import {
  DownloadParam,
  RecordingParams,
  recordingId,
  recordingNotFound,
  savedAs,
} from './recording-params.ts';
import { errors, ONE_OF, std } from './schema.ts';

const Format = Type.Union([Type.Literal('parquet'), Type.Literal('jsonl')]);
type Format = Type.Static<typeof Format>;
const FramesParams = Type.Object({
  ...FrameRange.properties,
  columns: Type.Optional(
    Type.Array(Type.String({ [ONE_OF]: [...frameColumns] }), {
      minItems: 1,
      description: 'Separated by commas; all without it',
    }),
  ),
  format: Type.Optional(Format),
  download: DownloadParam,
});
const QuantilesParams = Type.Object({
  ...FrameRange.properties,
  percents: Type.Optional(
    Type.Array(Type.Number({ minimum: 0, maximum: 100 }), {
      minItems: 1,
      maxItems: 20,
      description: 'Separated by commas, at most three decimals; 50,90,95,99,99.9 without it',
    }),
  ),
  frames: Type.Optional(Type.Union([Type.Literal('all'), Type.Literal('new')])),
});
const EventsParams = Type.Object({
  ...FrameRange.properties,
  kinds: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 40 }), {
      minItems: 1,
      maxItems: 50,
      description: 'Separated by commas; all without it',
    }),
  ),
});

export const recordingRangeRoutes = (host: () => ApiHost, caller: (request: Request) => Caller) => {
  const downloads = new FrameDownloads();
  return new Elysia({ prefix: '/api/v1/stats/recordings/:id', tags: ['stats'] })
    .get(
      '/frames',
      async ({ params, query, request }) => {
        const { format: asked, download, columns, ...range } = query;
        const id = recordingId(params.id);
        checkRange(range);
        const format = formatOf(asked, request.headers.get('accept'));
        const opened = await downloads.open(host().recordings, id, {
          ...range,
          ...(columns === undefined ? {} : { columns: columns.map(column) }),
          format,
        });
        if (opened === undefined) throw recordingNotFound(params.id);
        caller(request).keepOpen(DOWNLOAD_QUIET_S);
        return new Response(opened, {
          headers: {
            'content-type': MEDIA_TYPES[format],
            vary: 'Accept',
            ...(opened instanceof Blob ? { 'accept-ranges': 'bytes' } : {}),
            ...(download === undefined ? {} : savedAs(`${id}.frames.${format}`)),
          },
        });
      },
      {
        params: std(RecordingParams),
        query: std(FramesParams, { coerce: true }),
        response: {
          200: std(Type.String({ format: 'binary' }), {
            mediaType: ['application/vnd.apache.parquet', 'application/x-ndjson'],
          }),
          206: std(Type.String({ format: 'binary' }), {
            mediaType: 'application/vnd.apache.parquet',
          }),
          416: std(Type.Void({ description: 'The header Range lies beyond the end' })),
          ...errors(400, 404, 406, 422, 503),
        },
        detail: {
          operationId: 'stats_recording_frames',
          summary: 'Frames of a range, one row a frame',
          description:
            '`format` or the header Accept says how; Parquet without both. All of it as Parquet is the file as it lies there, and ' +
            'then the header Range works. docs/recording-format.md says what each column means. 400 `unknown_column` names those ' +
            'that there are; 404 `no_frames` when the recording has windows alone.',
        },
      },
    )
    .get(
      '/quantiles',
      async ({ params, query }) => {
        const id = recordingId(params.id);
        checkRange(query);
        checkPercents(query.percents ?? []);
        const figures = await host().recordings.quantiles(id, query);
        if (figures === undefined) throw recordingNotFound(params.id);
        return figures;
      },
      {
        params: std(RecordingParams),
        query: std(QuantilesParams, { coerce: true }),
        response: { 200: std(RangeQuantiles), ...errors(404, 422, 503) },
        detail: {
          operationId: 'stats_recording_quantiles',
          summary: 'Exact figures of a range: nearest rank over whole µs',
        },
      },
    )
    .get(
      '/events',
      async ({ params, query }) => {
        const id = recordingId(params.id);
        checkRange(query);
        const events = await host().recordings.events(id, query);
        if (events === undefined) throw recordingNotFound(params.id);
        return [...events];
      },
      {
        params: std(RecordingParams),
        query: std(EventsParams, { coerce: true }),
        response: { 200: std(Type.Array(CaptureEvent)), ...errors(404, 422, 503) },
        detail: { operationId: 'stats_recording_events', summary: 'Events of a range, in order' },
      },
    );
};

function checkRange({ from_ms = 0, to_ms = Number.POSITIVE_INFINITY }: FrameRange): void {
  if (from_ms <= to_ms) return;
  throw new AppError(
    422,
    'invalid',
    `The request is invalid: from_ms ${from_ms} lies after to_ms ${to_ms}.`,
  );
}

/** Their names are keys of the answer: p99.9. */
function checkPercents(percents: readonly number[]): void {
  const odd = percents.find((percent) => !/^\d{1,3}(\.\d{1,3})?$/.test(String(percent)));
  if (odd === undefined) return;
  throw new AppError(
    422,
    'invalid',
    `The request is invalid: percents has ${odd}; at most three decimals are possible.`,
  );
}

function formatOf(asked: Format | undefined, accept: string | null): Format {
  if (asked !== undefined) return asked;
  const wanted = preferred(accept, [MEDIA_TYPES.parquet, MEDIA_TYPES.jsonl]);
  if (wanted === MEDIA_TYPES.parquet) return 'parquet';
  if (wanted === MEDIA_TYPES.jsonl) return 'jsonl';
  throw new AppError(
    406,
    'not_acceptable',
    `Frames come as ${MEDIA_TYPES.parquet} or ${MEDIA_TYPES.jsonl}; the header Accept wants neither.`,
  );
}

function column(name: string): FrameColumn {
  const known = frameColumns.find((candidate) => candidate === name);
  if (known !== undefined) return known;
  throw new AppError(
    400,
    'unknown_column',
    `There is no column ${JSON.stringify(name.slice(0, 64))}; there are ${frameColumns.join(', ')}.`,
  );
}

const MEDIA_TYPES = {
  parquet: 'application/vnd.apache.parquet',
  jsonl: 'application/x-ndjson',
} as const satisfies Record<Format, string>;
/** A peer that takes nothing for so long has left. */
const DOWNLOAD_QUIET_S = 60;
