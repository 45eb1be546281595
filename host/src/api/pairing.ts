// Pairing over REST: who waits, the PIN, the switch. The PIN is never repeated in an answer.
import { Elysia } from 'elysia';
import Type from 'typebox';
import {
  PairingAttempt,
  PairingState,
  PairingSwitch,
  PinEntry,
} from '../../../contract/clients.ts';
import { ApiError } from '../../../contract/errors.ts';
import { AppError } from '../errors.ts';
import type { ApiHost } from './api.ts';
import type { Caller } from './caller.ts';
import { std } from './schema.ts';

const AttemptParams = Type.Object({ attempt_id: Type.String() });

export const pairingRoutes = (host: () => ApiHost, caller: (request: Request) => Caller) =>
  new Elysia({ prefix: '/api/v1', tags: ['clients'] })
    .get('/pairing', () => host().pairing.state(), {
      response: { 200: std(PairingState) },
      detail: { operationId: 'pairing_state', summary: 'Devices that want to be paired' },
    })
    .put('/pairing', ({ body }) => host().pairing.setEnabled(body.enabled), {
      body: std(PairingSwitch),
      response: { 200: std(PairingState), 422: std(ApiError) },
      detail: {
        operationId: 'pairing_switch',
        summary: 'Switch pairing on or off',
        description: 'On also clears the count of failures that switched it off.',
      },
    })
    .delete(
      '/pairing/:attempt_id',
      ({ params, status }) => {
        if (!host().pairing.cancel(params.attempt_id)) {
          throw new AppError(404, 'no_attempt', 'No running attempt has this id.');
        }
        return status(204, undefined);
      },
      {
        params: std(AttemptParams),
        response: { 204: std(Type.Void({ description: 'Ended' })), 404: std(ApiError) },
        detail: { operationId: 'pairing_cancel', summary: 'Turn a waiting device away' },
      },
    )
    .post(
      '/clients/pin',
      async ({ body, request }) => {
        // The device answers within its own time, which is longer than a request may usually take.
        caller(request).keepOpen();
        const attempt = await host().pairing.enterPin(body);
        if (attempt.phase === 'paired') return attempt;
        throw new AppError(
          409,
          'pairing_failed',
          attempt.message ??
            `Pairing failed${attempt.code === undefined ? '' : `: ${attempt.code}`}.`,
        );
      },
      {
        body: std(PinEntry),
        response: {
          200: std(PairingAttempt),
          404: std(ApiError),
          409: std(ApiError),
          422: std(ApiError),
        },
        detail: {
          operationId: 'pairing_pin',
          summary: 'Enter the PIN that a device shows',
          description:
            'Answers when the attempt ended: only 200 means paired. 404 `no_attempt`: nobody waits. 409 ' +
            '`several_attempts`: say which by `attempt_id`. 409 `pairing_failed`: wrong PIN, or the device gave up; ' +
            'it must start again.',
        },
      },
    );
