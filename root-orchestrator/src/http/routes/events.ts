import { EVENT_KINDS } from '@hedgerow/protos';
import { Type } from 'typebox';
import type { Authenticate } from '../../auth/caller.ts';
import { ERRORS } from '../../errors.ts';
import type { EventFeed, EventFilter } from '../../events/feed.ts';
import { type Route, route } from '../route.ts';

export interface EventRoutesDeps {
  feed: EventFeed;
  authenticate: Authenticate;
}

const STREAM = 'text/event-stream';
const ACCESS = 'event:read';

const QuerySchema = Type.Object({
  application: Type.Optional(Type.String({ maxLength: 100, description: 'Only of this application (id).' })),
  service: Type.Optional(Type.String({ maxLength: 100, description: 'Only of this service (id).' })),
  kind: Type.Optional(Type.String({ enum: [...EVENT_KINDS], description: 'Only of this kind.' })),
});

export function eventRoutes(deps: EventRoutesDeps): Route[] {
  return [events(deps)];
}

/** A proxy that collects an answer before it passes it on would keep every event to itself. */
const HEAD = {
  'Content-Type': STREAM,
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
};

function events({ feed, authenticate }: EventRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/events',
      tag: 'Events',
      summary:
        'What changes from now on, or since the event of the header Last-Event-ID, as server-sent events: schema Event. ' +
        'An event `reset` says that some are lost: read the lists again.',
      access: ACCESS,
      query: QuerySchema,
      response: null,
      stream: STREAM,
      errors: [ERRORS.TOO_MANY_STREAMS],
    },
    async ({ caller, query, http: { request, response } }) => {
      feed.requireRoom(caller);
      response.writeHead(200, HEAD);
      if (request.method === 'HEAD') return response.end();
      response.flushHeaders();
      feed.open({
        out: response,
        caller,
        filter: query as EventFilter,
        last: String(request.headers['last-event-id'] ?? ''),
        recheck: async () => (await authenticate(ACCESS, request.headers.authorization)) ?? caller,
      });
      return response;
    },
  );
}
