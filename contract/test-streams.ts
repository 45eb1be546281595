// Test stream: the real session path over loopback to an independent receiver, and scripts of faults for it
// (docs/test-scripts.md).
import Type, { type Static } from 'typebox';

export const TestStreamSource = Type.Union([
  Type.Literal('auto'),
  Type.Literal('synthetic'),
  Type.Literal('x11'),
  Type.Literal('wlroots'),
]);
export type TestStreamSource = Static<typeof TestStreamSource>;

/** What a script can do to a frame. */
export const ScriptWhat = Type.Union([
  Type.Literal('stall'),
  Type.Literal('withhold'),
  Type.Literal('skip'),
  Type.Literal('late'),
  Type.Literal('drop'),
  Type.Literal('key_frame'),
  Type.Literal('encoder_error'),
  Type.Literal('invalidate'),
  Type.Literal('bitrate'),
  Type.Literal('loss'),
]);
export type ScriptWhat = Static<typeof ScriptWhat>;

/** The boundaries of a frame, each of which a stall can be put before. */
export const ScriptPlace = Type.Union([
  Type.Literal('grabbed'),
  Type.Literal('converted'),
  Type.Literal('submitted'),
  Type.Literal('encoded'),
  Type.Literal('packetized'),
  Type.Literal('dequeued'),
  Type.Literal('first_sent'),
  Type.Literal('last_sent'),
]);
export type ScriptPlace = Static<typeof ScriptPlace>;

/** All of an action but when it begins; which of the optional ones it needs is told by `what`. */
export const scriptEffect = {
  count: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 0xffff_ffff,
      description: 'In how many frames; absent: one, or with `every` all until the end',
    }),
  ),
  every: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 0xffff_ffff, description: 'Frames from one to the next' }),
  ),
  what: ScriptWhat,
  place: Type.Optional(ScriptPlace),
  us: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 2_000_000,
      description: 'stall: how long; late: how old the picture is',
    }),
  ),
  pictures: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'skip: pictures nobody carries' }),
  ),
  why: Type.Optional(
    Type.Union([
      Type.Literal('queue_full'),
      Type.Literal('send_deadline'),
      Type.Literal('send_error'),
    ]),
  ),
  first_back: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 0xffff_ffff,
      description: 'invalidate: oldest lost frame, counted back from this one',
    }),
  ),
  last_back: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 0xffff_ffff,
      description: 'invalidate: newest lost frame',
    }),
  ),
  kbps: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffff_ffff, description: 'bitrate' })),
  pct: Type.Optional(
    Type.Number({ minimum: 0, maximum: 100, description: 'loss: percent of the packets' }),
  ),
  every_packet: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 0xffff_ffff,
      description: 'loss: every so manieth packet',
    }),
  ),
} as const;

export const ScriptAction = Type.Object(
  {
    at_frame: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 0xffff_ffff,
        description: 'First frame, the session’s first is 0; or `at_s`',
      }),
    ),
    at_s: Type.Optional(
      Type.Number({ minimum: 0, maximum: 3600, description: 'The frame due then; or `at_frame`' }),
    ),
    ...scriptEffect,
  },
  { title: 'ScriptAction', additionalProperties: false },
);
export type ScriptAction = Static<typeof ScriptAction>;

/** What the engine can be told at all; which modes there are it says itself. */
const EngineInteger = Type.Integer({ minimum: 0, maximum: 0xffff_ffff });

export const ScriptSession = Type.Object(
  {
    start_ms: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 3_600_000, description: 'After the script began' }),
    ),
    seconds: Type.Number({ minimum: 0.1, maximum: 3600 }),
    source: Type.Optional(TestStreamSource),
    width: Type.Optional(EngineInteger),
    height: Type.Optional(EngineInteger),
    fps: Type.Optional(EngineInteger),
    bitrate_kbps: Type.Optional(EngineInteger),
    actions: Type.Optional(Type.Array(ScriptAction, { maxItems: 10_000 })),
  },
  { title: 'ScriptSession', additionalProperties: false },
);
export type ScriptSession = Static<typeof ScriptSession>;

/** Faults on purpose, by frame: "inject a stutter, and see it found". */
export const TestScript = Type.Object(
  {
    version: Type.Literal(1),
    name: Type.Optional(Type.String({ maxLength: 120 })),
    seed: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 0xffff_ffff, description: 'What made it, if drawn' }),
    ),
    sessions: Type.Array(ScriptSession, { minItems: 1, maxItems: 16 }),
  },
  { title: 'TestScript', additionalProperties: false },
);
export type TestScript = Static<typeof TestScript>;

export const TestStreamRequest = Type.Object(
  {
    source: Type.Optional(TestStreamSource),
    seconds: Type.Optional(Type.Number({ minimum: 0.1, maximum: 3600 })),
    width: Type.Optional(EngineInteger),
    height: Type.Optional(EngineInteger),
    fps: Type.Optional(EngineInteger),
    bitrate_kbps: Type.Optional(EngineInteger),
    drop_pct: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
    script: Type.Optional(TestScript),
    truth: Type.Optional(
      Type.Boolean({
        description:
          'Keep what really happened to each frame: GET /test-streams/truth. With `script`',
      }),
    ),
  },
  { title: 'TestStreamRequest', additionalProperties: false },
);
export type TestStreamRequest = Static<typeof TestStreamRequest>;

export const StageQuantiles = Type.Object(
  { p50_us: Type.Number(), p99_us: Type.Number() },
  { title: 'StageQuantiles' },
);

const reportFields = {
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
};

/** One session of a script. */
export const TestSessionReport = Type.Object(
  { session_id: Type.Integer(), start_ms: Type.Integer(), ...reportFields },
  { title: 'TestSessionReport' },
);
export type TestSessionReport = Static<typeof TestSessionReport>;

/** What `test-stream --json` prints and `GET /test-streams` answers once the stream is over. */
export const TestStreamReport = Type.Object(
  {
    ...reportFields,
    sessions: Type.Optional(
      Type.Array(TestSessionReport, {
        description:
          'Of a script, in its order. The figures above are their sums; `stages` is empty when there are several',
      }),
    ),
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
    session_ids: Type.Optional(
      Type.Array(Type.Integer(), { description: 'Of a script: those that have begun' }),
    ),
    error: Type.Optional(Type.String()),
    code: Type.Optional(Type.String()),
    report: Type.Optional(TestStreamReport),
  },
  { title: 'TestStreamState' },
);
export type TestStreamState = Static<typeof TestStreamState>;
