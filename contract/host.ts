// Health and host information.
import Type, { type Static } from 'typebox';

export const Health = Type.Object(
  { status: Type.Literal('ok'), version: Type.String() },
  { title: 'Health' },
);
export type Health = Static<typeof Health>;

export const SessionEncryption = Type.Object(
  {
    control: Type.Union([Type.Literal('v2'), Type.Literal('weak')], {
      description: '`weak`: an old client whose control encryption can be broken',
    }),
    video: Type.Boolean(),
    audio: Type.Boolean(),
  },
  { title: 'SessionEncryption' },
);
export type SessionEncryption = Static<typeof SessionEncryption>;

export const SessionNetwork = Type.Object(
  {
    rtt_us: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'Median round trip of the control stream in the last second, µs',
      }),
    ),
    packets_lost: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Since the session began, as the client reports' }),
    ),
    packets_recovered: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Rebuilt by the client since the session began' }),
    ),
  },
  { title: 'SessionNetwork', description: 'What the client reports; absent is unknown' },
);
export type SessionNetwork = Static<typeof SessionNetwork>;

export const SessionInfo = Type.Object(
  {
    session_id: Type.Integer({ minimum: 0 }),
    kind: Type.Union([Type.Literal('native'), Type.Literal('gamestream')]),
    state: Type.String({ description: 'starting, waiting_for_client, streaming, ending' }),
    client: Type.String({ description: 'Name of the peer' }),
    client_id: Type.Optional(
      Type.String({
        description: 'SHA-256 of a paired device’s certificate; absent for test streams',
      }),
    ),
    address: Type.Optional(Type.String({ description: 'Address of the peer' })),
    app: Type.Optional(Type.String({ description: 'What it watches' })),
    started_unix_ms: Type.Optional(Type.Integer({ minimum: 0 })),
    encryption: Type.Optional(SessionEncryption),
    network: Type.Optional(SessionNetwork),
    source: Type.String(),
    encoder: Type.String(),
    codec: Type.String(),
    width: Type.Integer({ minimum: 0 }),
    height: Type.Integer({ minimum: 0 }),
    fps: Type.Integer({ minimum: 0 }),
    bitrate_kbps: Type.Integer({ minimum: 0 }),
    picture: Type.Optional(
      Type.Object(
        {
          x: Type.Integer({ minimum: 0 }),
          y: Type.Integer({ minimum: 0 }),
          width: Type.Integer({ minimum: 0 }),
          height: Type.Integer({ minimum: 0 }),
          source_width: Type.Integer({ minimum: 0 }),
          source_height: Type.Integer({ minimum: 0 }),
        },
        { description: 'Where the source lies in the negotiated mode, px' },
      ),
    ),
  },
  { title: 'SessionInfo' },
);
export type SessionInfo = Static<typeof SessionInfo>;

/** What recordings may come to before the oldest go by themselves; 0: no limit. */
export const RecordingsKept = Type.Object(
  {
    count: Type.Integer({ minimum: 0, description: 'Without a star; starred ones never go' }),
    days: Type.Integer({ minimum: 0 }),
    bytes: Type.Integer({ minimum: 0, description: 'Of all files, the trash included' }),
  },
  { title: 'RecordingsKept', description: 'Set in the host’s configuration; 0: no limit' },
);
export type RecordingsKept = Static<typeof RecordingsKept>;

export const HostInfo = Type.Object(
  {
    name: Type.String({ description: 'Host name shown to people' }),
    version: Type.String(),
    started_unix_ms: Type.Integer({ minimum: 0 }),
    now_unix_ms: Type.Integer({ minimum: 0 }),
    gamestream_port: Type.Integer({ minimum: 1, maximum: 65535 }),
    engine: Type.Object({ abi: Type.Integer(), version: Type.String() }),
    sessions: Type.Array(SessionInfo),
    recordings_kept: Type.Optional(RecordingsKept),
  },
  { title: 'HostInfo' },
);
export type HostInfo = Static<typeof HostInfo>;

export const HostStatus = Type.Object(
  {
    state: Type.Union([Type.Literal('free'), Type.Literal('busy')], {
      description: '`busy`: an app runs, whether somebody watches or not',
    }),
    app: Type.Optional(
      Type.Object({
        title: Type.String(),
        launched_by: Type.String({ description: 'Name of the client that launched it' }),
        since_unix_ms: Type.Integer({ minimum: 0 }),
      }),
    ),
    sessions: Type.Integer({ minimum: 0 }),
    max_sessions: Type.Integer({ minimum: 0 }),
    measuring: Type.Boolean({ description: 'A capture is armed' }),
    waiting_for_pin: Type.Integer({ minimum: 0, description: 'Devices that wait to be paired' }),
  },
  { title: 'HostStatus' },
);
export type HostStatus = Static<typeof HostStatus>;
