// Health (no token) and host information.
import { Elysia } from 'elysia';
import { ApiError } from '../../../contract/errors.ts';
import { Health, HostInfo } from '../../../contract/host.ts';
import type { ApiHost } from './api.ts';
import { std } from './schema.ts';

export const hostRoutes = (host: () => ApiHost) =>
  new Elysia({ prefix: '/api/v1' })
    .get('/health', () => ({ status: 'ok' as const, version: host().version }), {
      response: { 200: std(Health) },
      detail: {
        operationId: 'health',
        tags: ['host'],
        summary: 'Whether the host answers; needs no token',
        security: [],
      },
    })
    .get('/host', () => host().info(), {
      response: { 200: std(HostInfo), 401: std(ApiError) },
      detail: {
        operationId: 'host_info',
        tags: ['host'],
        summary: 'Name, version, engine and living sessions',
      },
    });
