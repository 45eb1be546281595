// The event stream over REST: which topics a token may follow, and where a reader left off.
import { Elysia } from 'elysia';
import Type from 'typebox';
import { ApiError } from '../../../contract/errors.ts';
import { EventTopic, HostEvent } from '../../../contract/events.ts';
import type { Scope } from '../../../contract/tokens.ts';
import { AppError } from '../errors.ts';
import type { ApiHost } from './api.ts';
import type { Caller } from './caller.ts';
import { EVENT_TOPICS } from './event-hub.ts';
import { std } from './schema.ts';
import { allows } from './scopes.ts';
import { requireLivingToken } from './tokens.ts';

const EventsQuery = Type.Object({
  topics: Type.Optional(
    Type.Array(EventTopic, {
      description: 'Separated by commas; without it all that the token may see',
    }),
  ),
  last_event_id: Type.Optional(
    Type.String({
      maxLength: 64,
      description: 'Id of the last event that came, when the header Last-Event-ID cannot be set',
    }),
  ),
});

export const eventRoutes = (host: () => ApiHost, caller: (request: Request) => Caller) =>
  new Elysia({ prefix: '/api/v1', tags: ['events'] }).get(
    '/events',
    ({ query, request }) => {
      const { grant, keepOpen } = caller(request);
      const topics = topicsFor(grant.scope, query.topics);
      requireLivingToken(host().tokens, grant);
      const stream = host().events.subscribe({
        topics,
        tokenId: grant.id,
        lastEventId: request.headers.get('last-event-id') ?? query.last_event_id,
      });
      keepOpen();
      return new Response(stream, { headers: { 'content-type': 'text/event-stream' } });
    },
    {
      query: std(EventsQuery, { coerce: true }),
      response: {
        200: std(HostEvent, { mediaType: 'text/event-stream' }),
        422: std(ApiError),
        503: std(ApiError),
      },
      detail: {
        operationId: 'events',
        summary: 'Server-sent events: each says that a list changed, and carries the whole list',
        description:
          'First the state of every topic, then each change; `event` is the topic, `data` the JSON. With the id of the last ' +
          'event only what changed since is sent; the topics must then be the same as before. sessions and clients want the ' +
          'scope host:read, captures stats, pairing admin. Ends when its token is revoked.',
      },
    },
  );

/** Throws AppError for what is not for this token. */
function topicsFor(
  scope: Scope,
  asked: readonly EventTopic[] | undefined,
): ReadonlySet<EventTopic> {
  const refused = asked?.find((topic) => !allows(scope, NEEDS[topic]));
  if (refused !== undefined) {
    throw new AppError(
      403,
      'scope_missing',
      `The topic ${refused} needs a token with the scope ${NEEDS[refused]}; this one has ${scope}.`,
    );
  }
  return new Set(asked ?? EVENT_TOPICS.filter((topic) => allows(scope, NEEDS[topic])));
}

const NEEDS: Readonly<Record<EventTopic, Scope>> = {
  sessions: 'host:read',
  clients: 'host:read',
  pairing: 'admin',
  captures: 'stats',
};
