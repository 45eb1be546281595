// Schemas of the statistics API and of the recording files. Follows spec "Statistics capture": field names are
// never renamed or removed. Absent is not zero: what nobody measured is left out.
import Type, { type Static } from 'typebox';

const nonNegative = { minimum: 0 } as const;

export const StageName = Type.Union(
  ['capture', 'submit', 'encode', 'packetize', 'send'].map((name) => Type.Literal(name)) as [
    ReturnType<typeof Type.Literal<'capture'>>,
    ReturnType<typeof Type.Literal<'submit'>>,
    ReturnType<typeof Type.Literal<'encode'>>,
    ReturnType<typeof Type.Literal<'packetize'>>,
    ReturnType<typeof Type.Literal<'send'>>,
  ],
);
export type StageName = Static<typeof StageName>;

export const StageTiming = Type.Object(
  {
    name: StageName,
    p50_us: Type.Number({
      ...nonNegative,
      description: 'Nearest-rank median over the frames of the window, µs',
    }),
    p99_us: Type.Number({
      ...nonNegative,
      description: 'Nearest-rank 99th percentile over the frames of the window, µs',
    }),
  },
  { title: 'StageTiming' },
);
export type StageTiming = Static<typeof StageTiming>;

export const StatsSample = Type.Object(
  {
    t_ms: Type.Integer({
      ...nonNegative,
      description: 'Milliseconds since the capture started, at the end of the window',
    }),
    session_id: Type.Integer({ ...nonNegative, description: 'Tells concurrent sessions apart' }),
    stages: Type.Array(StageTiming, {
      description: 'In pipeline order; a stage without a frame is left out',
    }),
    fps: Type.Number({
      ...nonNegative,
      description: 'Genuinely new frames from the source, per second',
    }),
    repeat_fps: Type.Number({
      ...nonNegative,
      description: 'Repeats encoded because the source had nothing new, per second',
    }),
    mbps: Type.Number({ ...nonNegative, description: 'Goodput handed to the network, Mb/s' }),
    bitrate_kbps: Type.Integer({ ...nonNegative, description: 'Configured target, kb/s' }),
    frames_dropped: Type.Optional(
      Type.Integer({ ...nonNegative, description: 'Frames dropped before sending' }),
    ),
    packets_dropped: Type.Optional(
      Type.Integer({
        ...nonNegative,
        description: 'Packets lost on the way, as the receiver reports',
      }),
    ),
    send_dropped: Type.Optional(
      Type.Integer({ ...nonNegative, description: 'Packets refused by the socket' }),
    ),
    fec_recovered: Type.Optional(
      Type.Integer({ ...nonNegative, description: 'Shards rebuilt by the receiver' }),
    ),
    frames_not_shown: Type.Optional(
      Type.Integer({
        ...nonNegative,
        description:
          'Frames that the client gave up, by its own requests; includes whole ones it could not use',
      }),
    ),
    rtt_us: Type.Optional(
      Type.Integer({
        ...nonNegative,
        description: 'Round trip of the control stream, median of the window, µs',
      }),
    ),
    source_skipped: Type.Optional(
      Type.Integer({
        ...nonNegative,
        description: 'Pictures of the source that no frame carried, where the source counts them',
      }),
    ),
    window_ms: Type.Optional(
      Type.Number({ ...nonNegative, description: 'Real length of the window, ms' }),
    ),
    frames: Type.Optional(
      Type.Integer({ ...nonNegative, description: 'Frames of the window, dropped ones included' }),
    ),
    total_p50_us: Type.Optional(
      Type.Number({
        ...nonNegative,
        description: 'Median of grabbed → last datagram in the kernel, µs',
      }),
    ),
    total_p99_us: Type.Optional(
      Type.Number({ ...nonNegative, description: '99th percentile of the same, µs' }),
    ),
  },
  { title: 'StatsSample' },
);
export type StatsSample = Static<typeof StatsSample>;

export const StreamKind = Type.Union([Type.Literal('native'), Type.Literal('gamestream')]);
export type StreamKind = Static<typeof StreamKind>;

export const Codec = Type.Union([Type.Literal('h264'), Type.Literal('hevc'), Type.Literal('av1')]);
export type Codec = Static<typeof Codec>;

export const CaptureMeta = Type.Object(
  {
    id: Type.String({
      description: 'UTC start and mode, e.g. 2026-06-26T20-14-03Z_5120x1440; also the file stem',
    }),
    started_unix_ms: Type.Integer(nonNegative),
    duration_ms: Type.Integer(nonNegative),
    kind: Type.Union([StreamKind, Type.Literal('')], { description: 'Empty when no session came' }),
    width: Type.Integer(nonNegative),
    height: Type.Integer(nonNegative),
    fps: Type.Integer(nonNegative),
    codec: Type.Union([Codec, Type.Literal('')]),
    client: Type.String({ description: 'Peer address or fingerprint prefix; empty if unknown' }),
    sample_count: Type.Integer(nonNegative),
  },
  { title: 'CaptureMeta' },
);
export type CaptureMeta = Static<typeof CaptureMeta>;

export const SessionEntry = Type.Object(
  {
    session_id: Type.Integer(nonNegative),
    kind: StreamKind,
    width: Type.Integer(nonNegative),
    height: Type.Integer(nonNegative),
    fps: Type.Integer(nonNegative),
    codec: Codec,
    client: Type.String(),
    source: Type.String({ description: 'Capture backend, e.g. x11' }),
    encoder: Type.String({ description: 'Encoder, e.g. openh264' }),
    started_t_ms: Type.Integer(nonNegative),
    ended_t_ms: Type.Optional(Type.Integer(nonNegative)),
    end_reason: Type.Optional(Type.String()),
  },
  { title: 'SessionEntry' },
);
export type SessionEntry = Static<typeof SessionEntry>;

export const CaptureEvent = Type.Object(
  {
    t_ms: Type.Integer({ ...nonNegative, description: 'Milliseconds since the capture started' }),
    session_id: Type.Integer(nonNegative),
    kind: Type.String({
      description:
        'key_frame, invalidation, bitrate, bitrate_advice, idr_requested … (docs/ffi-abi.md)',
    }),
    frame: Type.Optional(Type.Integer(nonNegative)),
    detail: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
        description: 'What else the kind tells',
      }),
    ),
  },
  { title: 'CaptureEvent' },
);
export type CaptureEvent = Static<typeof CaptureEvent>;

export const Capture = Type.Object(
  {
    meta: CaptureMeta,
    version: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Format version of the file; absent in the seed’s files',
      }),
    ),
    sessions: Type.Optional(Type.Array(SessionEntry)),
    truncated: Type.Optional(
      Type.Boolean({
        description: 'The bound of a session was reached: later windows are missing',
      }),
    ),
    records_lost: Type.Optional(
      Type.Integer({ ...nonNegative, description: 'Frame records lost to a full ring: a gap' }),
    ),
    events: Type.Optional(
      Type.Array(CaptureEvent, { description: 'In order of time; rare things in sessions’ lives' }),
    ),
    events_lost: Type.Optional(
      Type.Integer({ ...nonNegative, description: 'Events beyond the bound of a recording' }),
    ),
    samples: Type.Array(StatsSample),
  },
  { title: 'Capture' },
);
export type Capture = Static<typeof Capture>;

export const StatsStatus = Type.Object(
  {
    armed: Type.Boolean(),
    sample_count: Type.Integer(nonNegative),
    started_unix_ms: Type.Integer({ ...nonNegative, description: '0 when idle' }),
    kind: Type.Union([StreamKind, Type.Literal('')], {
      description: 'Empty when idle or before the first session',
    }),
    now_unix_ms: Type.Optional(
      Type.Integer({
        ...nonNegative,
        description: 'The host’s clock, so that a page can show elapsed time',
      }),
    ),
    unsaved: Type.Optional(
      Type.Boolean({
        description:
          'A stopped capture could not be written and waits in memory; stop again saves it',
      }),
    ),
  },
  { title: 'StatsStatus' },
);
export type StatsStatus = Static<typeof StatsStatus>;
