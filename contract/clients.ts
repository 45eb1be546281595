// Schemas of paired devices and of pairing attempts. A client is named by the SHA-256 of its certificate: nothing else
// about a device is an identity.
import Type, { type Static } from 'typebox';

const unixMs = Type.Integer({ minimum: 0 });

export const PairedClient = Type.Object(
  {
    client_id: Type.String({
      pattern: '^[0-9a-f]{64}$',
      description: 'SHA-256 of the device’s certificate, lower-case hex',
    }),
    name: Type.String({ minLength: 1, maxLength: 64 }),
    paired_unix_ms: unixMs,
    address: Type.String({ description: 'Where it was paired from' }),
    last_seen_unix_ms: Type.Optional(unixMs),
    may_end: Type.Boolean({ description: 'May end an app that others watch' }),
    connected: Type.Boolean({ description: 'Streams now' }),
  },
  { title: 'PairedClient' },
);
export type PairedClient = Static<typeof PairedClient>;

export const ClientChange = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    may_end: Type.Optional(Type.Boolean()),
  },
  { title: 'ClientChange', additionalProperties: false, minProperties: 1 },
);
export type ClientChange = Static<typeof ClientChange>;

export const PairingPhase = Type.Union([
  Type.Literal('waiting_for_pin'),
  Type.Literal('verifying'),
  Type.Literal('paired'),
  Type.Literal('failed'),
]);
export type PairingPhase = Static<typeof PairingPhase>;

export const PairingAttempt = Type.Object(
  {
    attempt_id: Type.String({ description: 'Random, for this attempt alone' }),
    name: Type.String({ description: 'Name that the device will get' }),
    address: Type.String(),
    fingerprint: Type.String({
      pattern: '^[0-9a-f]{64}$',
      description:
        'SHA-256 of the certificate that the device showed; its first 16 digits are for people',
    }),
    started_unix_ms: unixMs,
    expires_unix_ms: Type.Optional(unixMs),
    phase: PairingPhase,
    code: Type.Optional(
      Type.String({ description: 'Why it failed, stable: wrong_pin, timed_out …' }),
    ),
    message: Type.Optional(Type.String({ description: 'Why it failed, one sentence' })),
  },
  { title: 'PairingAttempt' },
);
export type PairingAttempt = Static<typeof PairingAttempt>;

export const PairingState = Type.Object(
  {
    enabled: Type.Boolean({ description: 'False after too many failures, or when switched off' }),
    disabled_because: Type.Optional(Type.String()),
    host_fingerprint: Type.String({
      description: 'SHA-256 of the host’s certificate, to compare on a network that is not trusted',
    }),
    now_unix_ms: unixMs,
    attempts: Type.Array(PairingAttempt, {
      description: 'Running ones first, then those that ended in the last minutes',
    }),
  },
  { title: 'PairingState' },
);
export type PairingState = Static<typeof PairingState>;

export const PairingSwitch = Type.Object(
  { enabled: Type.Boolean() },
  { title: 'PairingSwitch', additionalProperties: false },
);
export type PairingSwitch = Static<typeof PairingSwitch>;

export const PinEntry = Type.Object(
  {
    pin: Type.String({ pattern: '^[0-9]{4}$', description: 'As the device shows it' }),
    attempt_id: Type.Optional(
      Type.String({ description: 'Needed when more than one device waits' }),
    ),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  { title: 'PinEntry', additionalProperties: false },
);
export type PinEntry = Static<typeof PinEntry>;
