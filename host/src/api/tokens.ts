// Named tokens over REST: list, create, revoke. A value is answered once.
import { Elysia } from 'elysia';
import Type from 'typebox';
import { ApiError } from '../../../contract/errors.ts';
import { CreatedToken, TokenInfo, TokenRequest } from '../../../contract/tokens.ts';
import { AppError } from '../errors.ts';
import type { Grant } from '../identity/tokens.ts';
import type { ApiHost } from './api.ts';
import { std } from './schema.ts';

const TokenParams = Type.Object({ id: Type.String() });

export const tokenRoutes = (host: () => ApiHost) =>
  new Elysia({ prefix: '/api/v1', tags: ['tokens'] })
    .get('/tokens', () => host().tokens.list(), {
      response: { 200: std(Type.Array(TokenInfo)) },
      detail: { operationId: 'tokens_list', summary: 'Tokens, without their values' },
    })
    .post('/tokens', ({ body, status }) => status(201, host().tokens.create(body)), {
      body: std(TokenRequest),
      response: {
        201: std(CreatedToken),
        409: std(ApiError),
        422: std(ApiError),
        500: std(ApiError),
      },
      detail: {
        operationId: 'token_create',
        summary: 'Make a token; the answer is the only place where its value ever stands',
      },
    })
    .delete(
      '/tokens/:id',
      ({ params, status }) => {
        if (!host().tokens.revoke(params.id)) {
          throw new AppError(404, 'token_not_found', 'No token has this id.');
        }
        return status(204, undefined);
      },
      {
        params: std(TokenParams),
        response: {
          204: std(Type.Void({ description: 'Revoked' })),
          404: std(ApiError),
          409: std(ApiError),
          500: std(ApiError),
        },
        detail: {
          operationId: 'token_revoke',
          summary: 'Revoke a token; its event streams end at once',
        },
      },
    );

/** Revoked since the guard looked: nobody would end a stream of it. Throws AppError 401. */
export function requireLivingToken(tokens: Pick<ApiHost['tokens'], 'list'>, grant: Grant): void {
  if (tokens.list().some(({ token_id }) => token_id === grant.id)) return;
  throw new AppError(401, 'unauthorized', 'The token was revoked.');
}
