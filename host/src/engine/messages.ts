// Schemas of every message that crosses the FFI (docs/ffi-abi.md). tests/contract/ holds one example of each, read by
// both languages. What the engine adds later is tolerated; what it leaves out is not.
import Type, { type Static, type TSchema } from 'typebox';
import { scriptEffect } from '../../../contract/test-streams.ts';

const count = Type.Integer({ minimum: 0 });
/** 64-bit nanoseconds travel as decimal strings. */
const Nanoseconds = Type.String({ pattern: '^[0-9]{1,20}$' });

export const EngineFault = Type.Object({ code: Type.String(), message: Type.String() });
export type EngineFault = Static<typeof EngineFault>;

export const OpenConfig = Type.Object(
  { records_seconds: Type.Optional(count), events_bytes: Type.Optional(count) },
  { additionalProperties: false },
);
export type OpenConfig = Static<typeof OpenConfig>;

export const OpenReply = Type.Object({
  engine: count,
  abi: count,
  version: Type.String(),
  record_bytes: count,
  clock: Type.Object({
    monotonic_ns: Nanoseconds,
    unix_ms: Type.Number(),
    boot_ms: Type.Number(),
  }),
});
export type OpenReply = Static<typeof OpenReply>;

export const SourceName = Type.Union([
  Type.Literal('synthetic'),
  Type.Literal('x11'),
  Type.Literal('wlroots'),
]);
export type SourceName = Static<typeof SourceName>;

export const SessionState = Type.Union([
  Type.Literal('starting'),
  Type.Literal('waiting_for_client'),
  Type.Literal('streaming'),
  Type.Literal('ended'),
]);

const sessionFields = {
  session: count,
  kind: Type.Literal('gamestream'),
  state: SessionState,
  client: Type.String(),
  source: Type.String(),
  encoder: Type.String(),
  /** What the encoder says of itself; absent until it is open. */
  encoder_detail: Type.Optional(Type.String()),
  codec: Type.Literal('h264'),
  width: count,
  height: count,
  fps: count,
  bitrate_kbps: count,
  picture: Type.Optional(
    Type.Object({
      x: count,
      y: count,
      width: count,
      height: count,
      source_width: count,
      source_height: count,
    }),
  ),
  can_invalidate: Type.Boolean(),
  /** How far the client's control stream is; absent without one. */
  control: Type.Optional(
    Type.Union([Type.Literal('awaiting'), Type.Literal('connected'), Type.Literal('ready')]),
  ),
  /** What was tried before this encoder; absent when it was the first. */
  refused: Type.Optional(Type.Array(Type.Object({ name: Type.String(), reason: Type.String() }))),
};
export const Session = Type.Object(sessionFields);
export type Session = Static<typeof Session>;

export const Colour = Type.Object(
  {
    matrix: Type.Union([Type.Literal('bt601'), Type.Literal('bt709')]),
    full_range: Type.Boolean(),
  },
  { additionalProperties: false },
);
export type Colour = Static<typeof Colour>;

export const ControlRequest = Type.Object(
  {
    listener: count,
    /** What the ENet connect must carry; a secret. Absent: an old client, known by its address alone. */
    connect_data: Type.Optional(count),
    /** Of the client, as RTSP saw it. */
    address: Type.String(),
    sealing: Type.Union([Type.Literal('v2'), Type.Literal('legacy')]),
    /** The client reports its FEC: without it its loss is unknown, not zero. */
    reports: Type.Boolean(),
    /** ms until the control stream must be there. */
    connect_timeout_ms: count,
  },
  { additionalProperties: false },
);
export type ControlRequest = Static<typeof ControlRequest>;

export const AudioRequest = Type.Object(
  {
    listener: count,
    /** A secret between host and client: never in a log. */
    ping_payload: Type.String({ minLength: 16, maxLength: 16 }),
    channels: Type.Union([Type.Literal(2), Type.Literal(6), Type.Literal(8)]),
    high_quality: Type.Boolean(),
    packet_ms: Type.Union([Type.Literal(5), Type.Literal(10)]),
  },
  { additionalProperties: false },
);
export type AudioRequest = Static<typeof AudioRequest>;

/** The session's one key. Control is always sealed with it; video and audio when they say so. */
export const EncryptionRequest = Type.Object(
  {
    /** 32 hex digits; a secret. */
    key: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    /** rikeyid as unsigned 32 bit. */
    key_id: count,
    video: Type.Boolean(),
    audio: Type.Boolean(),
  },
  { additionalProperties: false },
);
export type EncryptionRequest = Static<typeof EncryptionRequest>;

const ScriptAction = Type.Object(
  { at_frame: count, ...scriptEffect },
  { additionalProperties: false },
);

/** Faults put into a stream on purpose, by number of frame (docs/test-scripts.md). */
export const SessionScript = Type.Object(
  {
    actions: Type.Array(ScriptAction),
    /** A regular file, opened for appending: what really happened to each frame. */
    truth_fd: Type.Optional(Type.Integer()),
  },
  { additionalProperties: false },
);
export type SessionScript = Static<typeof SessionScript>;

export const SessionRequest = Type.Object(
  {
    kind: Type.Literal('gamestream'),
    client: Type.String(),
    listener: count,
    /** A secret between host and client: never in a log. */
    ping_payload: Type.String({ minLength: 16, maxLength: 16 }),
    packet_size: count,
    fec_pct: count,
    min_parity: count,
    source: SourceName,
    display: Type.Optional(Type.String()),
    output: Type.Optional(Type.String()),
    width: Type.Integer(),
    height: Type.Integer(),
    fps: Type.Integer(),
    bitrate_kbps: Type.Integer(),
    codec: Type.Literal('h264'),
    encoder: Type.String(),
    slices: count,
    max_reference_frames: count,
    link_mbps: Type.Optional(count),
    drop_pct: Type.Number(),
    client_timeout_ms: count,
    invalidation: Type.Boolean(),
    script: Type.Optional(SessionScript),
    colour: Type.Optional(Colour),
    /** The client's control stream; absent for test streams, whose pings alone say that they live. */
    control: Type.Optional(ControlRequest),
    audio: Type.Optional(AudioRequest),
    encryption: Type.Optional(EncryptionRequest),
    /** A client without payloads in its pings: `PING` from this address alone counts. */
    legacy_ping_address: Type.Optional(Type.String()),
    /** Whether advice on the bitrate is followed; it is given either way. */
    auto_bitrate: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type SessionRequest = Static<typeof SessionRequest>;

export const Listener = Type.Object({ listener: count, address: Type.String(), port: count });
export type Listener = Static<typeof Listener>;

const laneUse = Type.Object({ used: count, limit: count, lost: count });
export const Snapshot = Type.Object({
  sessions: Type.Array(Session),
  listeners: Type.Array(Listener),
  probes: Type.Array(Type.Object({ probe: count })),
  measuring: Type.Boolean(),
  lanes: Type.Object({ events: laneUse, records: laneUse }),
});
export type Snapshot = Static<typeof Snapshot>;

/** What `op.done` of a probe carries, as far as the host looks at it. */
export const ProbeReport = Type.Object({
  frames_received: count,
  frames_recovered: count,
  frames_lost: count,
  key_frames: count,
  invalidations_answered: count,
  packets_lost: count,
  packets_recovered: count,
  bytes: count,
  /** What the sender does wrong, a sentence each; losses are none. */
  problems: Type.Array(Type.String()),
});
export type ProbeReport = Static<typeof ProbeReport>;

export const TrialResult = Type.Object({
  name: Type.String(),
  ms_per_frame: Type.Number(),
  p99_ms: Type.Number(),
  width: count,
  height: count,
  detail: Type.String(),
});
export type TrialResult = Static<typeof TrialResult>;

const nothing = Type.Object({});
const op = Type.Object({ op: count });
const session = Type.Object({ session: count });

/** Every command: its fields beside `cmd`, and its reply. */
export const commands = {
  snapshot: { fields: nothing, reply: Snapshot },
  measure: { fields: Type.Object({ on: Type.Boolean(), perf: Type.Boolean() }), reply: nothing },
  'listener.open': {
    fields: Type.Object({
      medium: Type.Union([Type.Literal('video'), Type.Literal('audio'), Type.Literal('control')]),
      address: Type.String(),
      port: count,
      dscp: Type.Boolean(),
    }),
    reply: Listener,
  },
  'listener.close': { fields: Type.Object({ listener: count }), reply: nothing },
  'session.start': {
    fields: Type.Object({ session: SessionRequest }),
    reply: Type.Object({ op: count, session: count }),
  },
  'session.stop': { fields: Type.Object({ session: count, reason: Type.String() }), reply: op },
  'session.request_idr': { fields: session, reply: nothing },
  'session.invalidate': {
    fields: Type.Object({ session: count, first: count, last: count }),
    reply: nothing,
  },
  'session.ack_ltr': { fields: Type.Object({ session: count, frame: count }), reply: nothing },
  'session.set_bitrate': {
    fields: Type.Object({ session: count, bitrate_kbps: count }),
    reply: nothing,
  },
  /** Whether a session of this source could play it. */
  'script.check': {
    fields: Type.Object({ script: SessionScript, source: SourceName }),
    reply: nothing,
  },
  'probe.start': {
    fields: Type.Object({
      session: count,
      server: Type.String(),
      ping_payload: Type.String(),
      packet_size: count,
      seconds: Type.Number(),
      output_fd: Type.Optional(Type.Integer()),
    }),
    reply: Type.Object({ op: count, probe: count }),
  },
  'probe.stop': { fields: Type.Object({ probe: count }), reply: nothing },
  trial: {
    fields: Type.Object({
      kind: Type.Union([Type.Literal('source'), Type.Literal('encoder')]),
      name: Type.String(),
      width: Type.Integer(),
      height: Type.Integer(),
      fps: Type.Integer(),
      frames: count,
      display: Type.Optional(Type.String()),
    }),
    reply: op,
  },
  answer: { fields: Type.Object({ id: count, value: Type.Unknown() }), reply: nothing },
} as const satisfies Readonly<Record<string, { fields: TSchema; reply: TSchema }>>;

export type CommandName = keyof typeof commands;
export type CommandFields<C extends CommandName> = Static<(typeof commands)[C]['fields']>;
export type CommandReply<C extends CommandName> = Static<(typeof commands)[C]['reply']>;

const event = <N extends string, F extends Record<string, TSchema>>(name: N, fields: F) =>
  Type.Object({ ev: Type.Literal(name), t: Nanoseconds, ...fields });

export const LogEvent = event('log', {
  level: Type.Union([
    Type.Literal('debug'),
    Type.Literal('info'),
    Type.Literal('warn'),
    Type.Literal('error'),
  ]),
  target: Type.String(),
  message: Type.String(),
  session: Type.Optional(count),
});
export const OpDoneEvent = event('op.done', {
  op: count,
  ok: Type.Boolean(),
  result: Type.Optional(Type.Unknown()),
  error: Type.Optional(EngineFault),
});
export const SessionStateEvent = event('session.state', {
  ...sessionFields,
  reason: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
});
export const SessionEventEvent = event('session.event', {
  session: count,
  kind: Type.String(),
  frame: Type.Optional(count),
});
/** What a client told over its control stream: totals since its session began; absent is unknown. */
export const SessionReportEvent = event('session.report', {
  session: count,
  packets_lost: Type.Optional(count),
  packets_recovered: Type.Optional(count),
  /** Frames that the client gave up, by its ranges and requests. */
  frames_not_shown: Type.Optional(count),
  rtt_us: Type.Optional(Type.Object({ min: count, median: count })),
});
export const PerfEvent = event('perf', {
  session: count,
  fps: Type.Number(),
  new_fps: Type.Number(),
  max_us: Type.Record(Type.String(), Type.Number()),
  max_packets: count,
  sent_frames: count,
  dropped_frames: count,
});
export const ProbeProgressEvent = event('probe.progress', {
  probe: count,
  frames_received: count,
  frames_lost: count,
  packets_lost: count,
  packets_recovered: count,
  bytes: count,
});
export const OverflowEvent = event('overflow', { lost: count });
export const AskEvent = event('ask', {
  id: count,
  deadline_ms: count,
  question: Type.Unknown(),
});

/** Every event of lane 0, by its `ev`. */
export const events = {
  log: LogEvent,
  'op.done': OpDoneEvent,
  'session.state': SessionStateEvent,
  'session.event': SessionEventEvent,
  'session.report': SessionReportEvent,
  perf: PerfEvent,
  'probe.progress': ProbeProgressEvent,
  overflow: OverflowEvent,
  ask: AskEvent,
} as const;

export const EngineEvent = Type.Union([
  LogEvent,
  OpDoneEvent,
  SessionStateEvent,
  SessionEventEvent,
  SessionReportEvent,
  PerfEvent,
  ProbeProgressEvent,
  OverflowEvent,
  AskEvent,
]);
export type EngineEvent = Static<typeof EngineEvent>;
export type EngineEventOf<N extends keyof typeof events> = Static<(typeof events)[N]>;
