// Schemas of the statistics API and of the recording files. Follows spec "Statistics capture": field names are
// never renamed or removed. Absent is not zero: what nobody measured is left out.
import Type, { type Static } from 'typebox';

const nonNegative = { minimum: 0 } as const;

/** Where something was before a recording was made fit to be shown to others; what was never there is not named. */
const redacted = Type.Optional(
  Type.Array(Type.String({ maxLength: 40 }), {
    maxItems: 40,
    description: 'Fields whose text was taken out before this was shown to others',
  }),
);

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
    max_us: Type.Optional(
      Type.Number({ ...nonNegative, description: 'The longest of the window, µs' }),
    ),
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
    source_late: Type.Optional(
      Type.Integer({
        ...nonNegative,
        description:
          'New pictures that were older than a frame interval when they were taken, where the source stamps them',
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
    total_max_us: Type.Optional(
      Type.Number({ ...nonNegative, description: 'The longest of the same, µs' }),
    ),
    total_max_stage: Type.Optional(
      Type.Union([StageName, Type.Literal('other')], {
        description:
          'What of that frame lies furthest above its median in the window; absent where nothing does',
      }),
    ),
    frames_late: Type.Optional(
      Type.Integer({
        ...nonNegative,
        description: 'Frames whose total was longer than an interval of the mode',
      }),
    ),
  },
  { title: 'StatsSample' },
);
export type StatsSample = Static<typeof StatsSample>;

export const StreamKind = Type.Union([Type.Literal('native'), Type.Literal('gamestream')]);
export type StreamKind = Static<typeof StreamKind>;

export const Codec = Type.Union([Type.Literal('h264'), Type.Literal('hevc'), Type.Literal('av1')]);
export type Codec = Static<typeof Codec>;

/** What people add to a recording; lies in a file of its own, `<id>.user.json`. */
export const RecordingUser = Type.Object(
  {
    name: Type.Optional(Type.String({ maxLength: 120 })),
    note: Type.Optional(Type.String({ maxLength: 4000 })),
    tags: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { maxItems: 20, uniqueItems: true }),
    ),
    starred: Type.Optional(Type.Boolean({ description: 'Kept whatever the limits say' })),
  },
  { title: 'RecordingUser' },
);
export type RecordingUser = Static<typeof RecordingUser>;

/** What PATCH changes; an empty text or list takes it away. */
export const RecordingChange = Type.Object(RecordingUser.properties, {
  title: 'RecordingChange',
  additionalProperties: false,
});
export type RecordingChange = Static<typeof RecordingChange>;

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
    session_count: Type.Optional(Type.Integer(nonNegative)),
    frame_count: Type.Optional(
      Type.Integer({ ...nonNegative, description: 'Frames in the file of frames beside it' }),
    ),
    recovered: Type.Optional(
      Type.Boolean({
        description: 'The host ended badly; the next start finished this from its journal',
      }),
    ),
    trigger: Type.Optional(
      Type.String({
        description:
          'Saved out of the black box: freeze, loss_burst, drops, request or bad_end; absent when an operator armed it',
      }),
    ),
    ...RecordingUser.properties,
    bytes: Type.Optional(
      Type.Integer({ ...nonNegative, description: 'On disk, every file of it; in lists only' }),
    ),
    deleted_unix_ms: Type.Optional(
      Type.Integer({ ...nonNegative, description: 'Since when it lies in the trash; there only' }),
    ),
    redacted,
    damaged: Type.Optional(
      Type.Object(
        { file: Type.String(), reason: Type.String() },
        {
          description:
            'This file in captures/ cannot be read, and why; the other fields are then empty. In lists only',
        },
      ),
    ),
  },
  { title: 'CaptureMeta' },
);
export type CaptureMeta = Static<typeof CaptureMeta>;

const Refused = Type.Array(Type.Object({ name: Type.String(), reason: Type.String() }));

/** What a session came to, and why: each absent when nobody knows. */
export const Negotiated = Type.Object(
  {
    source_refused: Type.Optional(Refused),
    encoder_refused: Type.Optional(Refused),
    encoder_detail: Type.Optional(Type.String()),
    picture: Type.Optional(
      Type.Object(
        {
          x: Type.Integer(nonNegative),
          y: Type.Integer(nonNegative),
          width: Type.Integer(nonNegative),
          height: Type.Integer(nonNegative),
          source_width: Type.Integer(nonNegative),
          source_height: Type.Integer(nonNegative),
        },
        { description: 'Where the source lies in the mode: scaling and bars' },
      ),
    ),
    colour: Type.Optional(Type.String({ description: 'bt601 or bt709, limited or full' })),
    encryption: Type.Optional(
      Type.Object({
        control: Type.Boolean(),
        video: Type.Boolean(),
        audio: Type.Boolean(),
        why: Type.Optional(Type.String()),
      }),
    ),
    audio: Type.Optional(
      Type.Object({ channels: Type.Integer(nonNegative), packet_ms: Type.Integer(nonNegative) }),
    ),
    packet_size: Type.Optional(Type.Integer(nonNegative)),
    fec_pct: Type.Optional(Type.Integer(nonNegative)),
    slices: Type.Optional(Type.Integer(nonNegative)),
    link_mbps: Type.Optional(Type.Integer(nonNegative)),
    can_invalidate: Type.Optional(Type.Boolean()),
  },
  { title: 'Negotiated' },
);
export type Negotiated = Static<typeof Negotiated>;

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
    bitrate_kbps: Type.Optional(
      Type.Integer({ ...nonNegative, description: 'Target at its start; changes are events' }),
    ),
    app: Type.Optional(Type.String({ description: 'What the client launched' })),
    negotiated: Type.Optional(Negotiated),
    started_t_ms: Type.Integer(nonNegative),
    ended_t_ms: Type.Optional(Type.Integer(nonNegative)),
    end_reason: Type.Optional(Type.String()),
    redacted,
  },
  { title: 'SessionEntry' },
);
export type SessionEntry = Static<typeof SessionEntry>;

export const CaptureEvent = Type.Object(
  {
    t_ms: Type.Integer({ ...nonNegative, description: 'Milliseconds since the capture started' }),
    session_id: Type.Optional(
      Type.Integer({ ...nonNegative, description: 'Absent: of the host as a whole' }),
    ),
    kind: Type.String({
      description:
        'session_start, session_end, key_frame, invalidation, bitrate, loss_burst, freeze, records_lost, suspended, marker … (docs/recording-format.md)',
    }),
    frame: Type.Optional(Type.Integer(nonNegative)),
    detail: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
        description: 'What else the kind tells',
      }),
    ),
    redacted,
  },
  { title: 'CaptureEvent' },
);
export type CaptureEvent = Static<typeof CaptureEvent>;

/** The machine that a recording was made on. */
export const HostFacts = Type.Object(
  {
    version: Type.String({ description: 'Of punktfunk-host' }),
    kernel: Type.Optional(Type.String()),
    os: Type.Optional(Type.String()),
    cpu: Type.Optional(Type.String()),
    cpus: Type.Optional(Type.Integer(nonNegative)),
    memory_mb: Type.Optional(Type.Integer(nonNegative)),
    redacted,
  },
  { title: 'HostFacts' },
);
export type HostFacts = Static<typeof HostFacts>;

/** What recording itself cost. */
export const RecorderFigures = Type.Object(
  {
    frames: Type.Integer({ ...nonNegative, description: 'Frame records taken' }),
    ns_per_frame: Type.Optional(
      Type.Number({
        ...nonNegative,
        description: 'Time of the recorder a frame, ns, without writing',
      }),
    ),
    bytes_written: Type.Integer({ ...nonNegative, description: 'To journal and frames file' }),
    write_ms: Type.Number({ ...nonNegative, description: 'Time in writes, ms' }),
    write_max_ms: Type.Number({ ...nonNegative, description: 'The longest write, ms' }),
    shed_frames: Type.Integer({
      ...nonNegative,
      description:
        'Frames that could not be kept because nothing could be written; their windows are there',
    }),
  },
  { title: 'RecorderFigures' },
);
export type RecorderFigures = Static<typeof RecorderFigures>;

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
    host: Type.Optional(HostFacts),
    pre_roll_ms: Type.Optional(
      Type.Integer({
        ...nonNegative,
        description: 'How much of it lies before somebody pressed Start',
      }),
    ),
    recorder: Type.Optional(RecorderFigures),
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

export const BlackBoxStatus = Type.Object(
  {
    on: Type.Boolean(),
    seconds: Type.Number({ ...nonNegative, description: 'How far back it reaches now' }),
    frames: Type.Integer(nonNegative),
    bytes: Type.Integer(nonNegative),
    limit_bytes: Type.Integer(nonNegative),
    limit_s: Type.Integer(nonNegative),
    saved: Type.Integer({ ...nonNegative, description: 'Recordings made of it in this run' }),
    held_back: Type.Integer({
      ...nonNegative,
      description: 'Triggers that came too soon after another, or for which there was no room',
    }),
    last_trigger: Type.Optional(Type.String()),
    last_saved_unix_ms: Type.Optional(Type.Integer(nonNegative)),
    last_id: Type.Optional(Type.String({ description: 'The recording that was made last' })),
    fault: Type.Optional(
      Type.String({
        description:
          'Why the last save failed, or why what is held would not outlive this run; absent when all is well',
      }),
    ),
  },
  { title: 'BlackBoxStatus' },
);
export type BlackBoxStatus = Static<typeof BlackBoxStatus>;

/** The run before this one ended without saying goodbye. */
export const LastRun = Type.Object(
  {
    started_unix_ms: Type.Integer(nonNegative),
    last_seen_unix_ms: Type.Integer({ ...nonNegative, description: 'The last sign of it' }),
    version: Type.Optional(Type.String()),
    seconds: Type.Number({
      ...nonNegative,
      description: 'Of frames that its black box still holds',
    }),
    recovered_ids: Type.Array(Type.String(), { description: 'Recordings finished from journals' }),
    saved_id: Type.Optional(Type.String({ description: 'What was made of its black box' })),
  },
  { title: 'LastRun' },
);
export type LastRun = Static<typeof LastRun>;

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
    fault: Type.Optional(
      Type.String({
        description: 'Why nothing can be written now, one sentence; recording goes on in memory',
      }),
    ),
    recorder: Type.Optional(RecorderFigures),
    black_box: Type.Optional(BlackBoxStatus),
    last_run: Type.Optional(LastRun),
  },
  { title: 'StatsStatus' },
);
export type StatsStatus = Static<typeof StatsStatus>;

export const CaptureStartRequest = Type.Object(
  {
    pre_roll_s: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 120,
        description: 'Take so much of the black box along; what it does not hold is not there',
      }),
    ),
    name: Type.Optional(Type.String({ maxLength: 120 })),
  },
  { title: 'CaptureStartRequest', additionalProperties: false },
);
export type CaptureStartRequest = Static<typeof CaptureStartRequest>;

/** A moment further back is nobody's who still remembers it. */
export const MARKER_MOST_AGO_MS = 600_000;

export const MarkerRequest = Type.Object(
  {
    text: Type.String({ minLength: 1, maxLength: 200 }),
    unix_ms: Type.Optional(
      Type.Integer({ ...nonNegative, description: 'When, by the host’s clock; now when absent' }),
    ),
    ago_ms: Type.Optional(
      Type.Integer({
        ...nonNegative,
        maximum: MARKER_MOST_AGO_MS,
        description:
          'How long ago, in place of unix_ms: for who was told the moment by another clock. Not before the recording begins',
      }),
    ),
  },
  { title: 'MarkerRequest', additionalProperties: false },
);
export type MarkerRequest = Static<typeof MarkerRequest>;

/** Part of a recording: `from_ms` ≤ grabbed < `to_ms`, of one session or of all. */
export const FrameRange = Type.Object(
  {
    session: Type.Optional(Type.Integer(nonNegative)),
    from_ms: Type.Optional(Type.Number(nonNegative)),
    to_ms: Type.Optional(Type.Number(nonNegative)),
  },
  { title: 'FrameRange' },
);
export type FrameRange = Static<typeof FrameRange>;

const Quantile = Type.Record(
  Type.String({ pattern: '^p[0-9]{1,2}(\\.[0-9]{1,3})?$|^p100$' }),
  Type.Integer(nonNegative),
);

/** Exact figures of a range: nearest rank over whole µs. */
export const RangeQuantiles = Type.Object(
  {
    session: Type.Optional(Type.Integer(nonNegative)),
    from_ms: Type.Number(nonNegative),
    to_ms: Type.Number(nonNegative),
    frames: Type.Union([Type.Literal('all'), Type.Literal('new')]),
    count: Type.Integer({
      ...nonNegative,
      description: 'Frames in the range, dropped ones included',
    }),
    new: Type.Integer(nonNegative),
    repeated: Type.Integer(nonNegative),
    dropped: Type.Integer(nonNegative),
    key_frames: Type.Integer(nonNegative),
    bytes: Type.Integer({ ...nonNegative, description: 'Of frames sent whole' }),
    skipped: Type.Optional(Type.Integer(nonNegative)),
    late: Type.Optional(Type.Integer(nonNegative)),
    stages: Type.Array(
      Type.Object({
        name: Type.String({
          description:
            'A stage of the path; then total and other; then the finer spans: convert submit wait packetize queue first_send pace',
        }),
        count: Type.Integer(nonNegative),
        min_us: Type.Integer(nonNegative),
        max_us: Type.Integer(nonNegative),
        mean_us: Type.Number(nonNegative),
        quantiles_us: Quantile,
      }),
    ),
  },
  { title: 'RangeQuantiles' },
);
export type RangeQuantiles = Static<typeof RangeQuantiles>;

/** What GET /stats/capture/stream says while something is recorded. */
export const LiveDelta = Type.Union(
  [
    Type.Object({ kind: Type.Literal('started'), started_unix_ms: Type.Integer(nonNegative) }),
    Type.Object({ kind: Type.Literal('session'), session: SessionEntry }),
    Type.Object({ kind: Type.Literal('sample'), sample: StatsSample }),
    Type.Object({ kind: Type.Literal('event'), event: CaptureEvent }),
    Type.Object(
      {
        kind: Type.Literal('bounds'),
        truncated: Type.Boolean(),
        events_lost: Type.Integer(nonNegative),
      },
      { description: 'What the capture leaves out from now on, as in its file; the newest counts' },
    ),
    Type.Object({ kind: Type.Literal('stopped'), id: Type.Optional(Type.String()) }),
  ],
  { title: 'LiveDelta' },
);
export type LiveDelta = Static<typeof LiveDelta>;
