// What GET /api/v1/events says: each event tells that a list changed and carries the whole new list, so that a viewer
// who missed some is right again with the next one.
import Type, { type Static } from 'typebox';
import { PairedClient, PairingState } from './clients.ts';
import { SessionInfo } from './host.ts';
import { StatsStatus } from './stats.ts';

export const EventTopic = Type.Union([
  Type.Literal('sessions'),
  Type.Literal('clients'),
  Type.Literal('pairing'),
  Type.Literal('captures'),
]);
export type EventTopic = Static<typeof EventTopic>;

export const HostEvent = Type.Union(
  [
    Type.Object({ topic: Type.Literal('sessions'), sessions: Type.Array(SessionInfo) }),
    Type.Object({ topic: Type.Literal('clients'), clients: Type.Array(PairedClient) }),
    Type.Object({ topic: Type.Literal('pairing'), pairing: PairingState }),
    Type.Object({ topic: Type.Literal('captures'), status: StatsStatus }),
  ],
  { title: 'HostEvent' },
);
export type HostEvent = Static<typeof HostEvent>;
