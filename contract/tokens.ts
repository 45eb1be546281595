// Schemas of API tokens. A token's value is answered once, when it is made; the host keeps only its hash.
import Type, { type Static } from 'typebox';

/** `admin` holds the other two. */
export const Scope = Type.Union([
  Type.Literal('stats'),
  Type.Literal('host:read'),
  Type.Literal('admin'),
]);
export type Scope = Static<typeof Scope>;

export const TokenInfo = Type.Object(
  {
    token_id: Type.String(),
    name: Type.String({ minLength: 1, maxLength: 64 }),
    scope: Scope,
    created_unix_ms: Type.Integer({ minimum: 0 }),
    last_used_unix_ms: Type.Optional(Type.Integer({ minimum: 0 })),
    builtin: Type.Boolean({ description: 'The token of the token file; cannot be revoked here' }),
  },
  { title: 'TokenInfo' },
);
export type TokenInfo = Static<typeof TokenInfo>;

export const TokenRequest = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 64 }), scope: Scope },
  { title: 'TokenRequest', additionalProperties: false },
);
export type TokenRequest = Static<typeof TokenRequest>;

export const CreatedToken = Type.Object(
  { token: Type.String({ description: 'Shown this once' }), info: TokenInfo },
  { title: 'CreatedToken' },
);
export type CreatedToken = Static<typeof CreatedToken>;
