// Living sessions and the running app over REST: list and end.
import { Elysia } from 'elysia';
import Type from 'typebox';
import { ApiError } from '../../../contract/errors.ts';
import { SessionInfo } from '../../../contract/host.ts';
import { AppError } from '../errors.ts';
import type { ApiHost } from './api.ts';
import { std } from './schema.ts';

const SessionParams = Type.Object({ id: Type.String() });

export const sessionRoutes = (host: () => ApiHost) =>
  new Elysia({ prefix: '/api/v1', tags: ['sessions'] })
    .get('/sessions', () => host().sessions.list(), {
      response: { 200: std(Type.Array(SessionInfo)) },
      detail: { operationId: 'sessions_list', summary: 'Living sessions' },
    })
    .delete(
      '/sessions/:id',
      async ({ params, status }) => {
        const id = /^\d{1,15}$/.test(params.id) ? Number(params.id) : undefined;
        if (id === undefined || !(await host().sessions.end(id))) {
          throw new AppError(404, 'session_not_found', 'No living session has this id.');
        }
        return status(204, undefined);
      },
      {
        params: std(SessionParams),
        response: { 204: std(Type.Void({ description: 'It is over' })), 404: std(ApiError) },
        detail: {
          operationId: 'session_end',
          summary: 'End one session',
          description: 'The app goes on, and the client may come back to it.',
        },
      },
    )
    .delete(
      '/app',
      async ({ status }) => {
        await host().sessions.endApp();
        return status(204, undefined);
      },
      {
        response: { 204: std(Type.Void({ description: 'No app runs' })) },
        detail: {
          operationId: 'app_end',
          summary: 'End the app and all its sessions; idle is fine',
        },
      },
    );
