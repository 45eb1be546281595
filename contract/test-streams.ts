// Test stream: the real session path over loopback to an independent receiver.
import Type, { type Static } from 'typebox';

export const TestStreamSource = Type.Union([
  Type.Literal('auto'),
  Type.Literal('synthetic'),
  Type.Literal('x11'),
  Type.Literal('wlroots'),
]);
export type TestStreamSource = Static<typeof TestStreamSource>;

export const TestStreamRequest = Type.Object(
  {
    source: Type.Optional(TestStreamSource),
    seconds: Type.Optional(Type.Number({ minimum: 0.1, maximum: 3600 })),
    width: Type.Optional(Type.Integer()),
    height: Type.Optional(Type.Integer()),
    fps: Type.Optional(Type.Integer()),
    bitrate_kbps: Type.Optional(Type.Integer()),
    drop_pct: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
  },
  { title: 'TestStreamRequest', additionalProperties: false },
);
export type TestStreamRequest = Static<typeof TestStreamRequest>;

export const StageQuantiles = Type.Object(
  { p50_us: Type.Number(), p99_us: Type.Number() },
  { title: 'StageQuantiles' },
);

/** What `test-stream --json` prints and `GET /test-streams` answers once the stream is over. */
export const TestStreamReport = Type.Object(
  {
    source: Type.String(),
    mode: Type.String({ description: 'WIDTHxHEIGHT@FPS' }),
    codec: Type.String(),
    seconds: Type.Number(),
    frames_sent: Type.Integer(),
    frames_received: Type.Integer(),
    frames_recovered: Type.Integer({ description: 'Complete only thanks to parity' }),
    frames_lost: Type.Integer(),
    packets_sent: Type.Integer(),
    packets_lost: Type.Integer(),
    packets_recovered: Type.Integer(),
    bytes: Type.Integer({ description: 'Bytes of access units received' }),
    stages: Type.Record(Type.String(), StageQuantiles),
    ok: Type.Boolean(),
    problems: Type.Optional(
      Type.Array(Type.String(), { description: 'Why it is not ok, one sentence each' }),
    ),
    frames_new: Type.Optional(Type.Integer()),
    frames_repeated: Type.Optional(Type.Integer()),
    source_pictures: Type.Optional(
      Type.Integer({ description: 'Pictures that the source produced, where it counts them' }),
    ),
    source_skipped: Type.Optional(Type.Integer()),
    key_frames: Type.Optional(Type.Integer()),
    invalidations_answered: Type.Optional(Type.Integer()),
  },
  { title: 'TestStreamReport' },
);
export type TestStreamReport = Static<typeof TestStreamReport>;

export const TestStreamState = Type.Object(
  {
    state: Type.Union([
      Type.Literal('idle'),
      Type.Literal('starting'),
      Type.Literal('running'),
      Type.Literal('done'),
      Type.Literal('failed'),
    ]),
    elapsed_s: Type.Optional(Type.Number()),
    seconds: Type.Optional(Type.Number()),
    session_id: Type.Optional(Type.Integer()),
    error: Type.Optional(Type.String()),
    code: Type.Optional(Type.String()),
    report: Type.Optional(TestStreamReport),
  },
  { title: 'TestStreamState' },
);
export type TestStreamState = Static<typeof TestStreamState>;
