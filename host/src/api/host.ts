// Health (no token) and host information.
import { Elysia } from 'elysia';
import { Health, HostInfo, HostStatus } from '../../../contract/host.ts';
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
      response: { 200: std(HostInfo) },
      detail: {
        operationId: 'host_info',
        tags: ['host'],
        summary: 'Name, version, engine and living sessions',
      },
    })
    .get('/status', () => host().status(), {
      response: { 200: std(HostStatus) },
      detail: {
        operationId: 'host_status',
        tags: ['host'],
        summary: 'What happens now, in a few words: free or busy, how many watch, who waits',
      },
    });
