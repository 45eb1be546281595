// Paired devices over REST: list, rename, revoke.
import { Elysia } from 'elysia';
import Type from 'typebox';
import { ClientChange, PairedClient } from '../../../contract/clients.ts';
import { ApiError } from '../../../contract/errors.ts';
import { AppError } from '../errors.ts';
import type { ApiHost } from './api.ts';
import { std } from './schema.ts';

const ClientParams = Type.Object({ id: Type.String() });

export const clientRoutes = (host: () => ApiHost) =>
  new Elysia({ prefix: '/api/v1', tags: ['clients'] })
    .get('/clients', () => host().clients.list(), {
      response: { 200: std(Type.Array(PairedClient)) },
      detail: { operationId: 'clients_list', summary: 'Paired devices' },
    })
    .patch(
      '/clients/:id',
      async ({ params, body }) => {
        const client = await host().clients.change(params.id, body);
        if (client === undefined) throw notFound();
        return client;
      },
      {
        params: std(ClientParams),
        body: std(ClientChange),
        response: { 200: std(PairedClient), 404: std(ApiError), 422: std(ApiError) },
        detail: { operationId: 'client_change', summary: 'Rename a device, or change what it may' },
      },
    )
    .delete(
      '/clients/:id',
      async ({ params, status }) => {
        if (!(await host().clients.revoke(params.id))) throw notFound();
        return status(204, undefined);
      },
      {
        params: std(ClientParams),
        response: {
          204: std(Type.Void({ description: 'Revoked' })),
          404: std(ApiError),
          500: std(ApiError),
        },
        detail: {
          operationId: 'client_revoke',
          summary: 'Revoke a device; its session ends at once',
        },
      },
    );

function notFound(): AppError {
  return new AppError(404, 'client_not_found', 'No paired device has this id.');
}
