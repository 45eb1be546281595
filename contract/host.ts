// Health and host information.
import Type, { type Static } from 'typebox';

export const Health = Type.Object(
  { status: Type.Literal('ok'), version: Type.String() },
  { title: 'Health' },
);
export type Health = Static<typeof Health>;

export const SessionInfo = Type.Object(
  {
    session_id: Type.Integer({ minimum: 0 }),
    kind: Type.Union([Type.Literal('native'), Type.Literal('gamestream')]),
    state: Type.String({ description: 'starting, waiting_for_client, streaming, ending' }),
    client: Type.String(),
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

export const HostInfo = Type.Object(
  {
    name: Type.String({ description: 'Host name shown to people' }),
    version: Type.String(),
    started_unix_ms: Type.Integer({ minimum: 0 }),
    now_unix_ms: Type.Integer({ minimum: 0 }),
    gamestream_port: Type.Integer({ minimum: 1, maximum: 65535 }),
    engine: Type.Object({ abi: Type.Integer(), version: Type.String() }),
    sessions: Type.Array(SessionInfo),
  },
  { title: 'HostInfo' },
);
export type HostInfo = Static<typeof HostInfo>;
