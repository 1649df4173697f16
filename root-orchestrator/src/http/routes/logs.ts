import { type Clock, every, HedgerowError } from '@hedgerow/common';
import { MOST_TAIL } from '@hedgerow/protos';
import { Type } from 'typebox';
import type { Authenticate, Caller } from '../../auth/caller.ts';
import type { Collections } from '../../collections.ts';
import { ERRORS } from '../../errors.ts';
import type { ForwardToLeader } from '../../leadership/forward.ts';
import { Reader } from '../../logs/reader.ts';
import type { Instance } from '../../model.ts';
import type { Outputs, OutputWish } from '../../ports.ts';
import { ownService } from '../../services/access.ts';
import { type Call, type Route, route } from '../route.ts';

export interface LogRoutesDeps {
  collections: Collections;
  outputs: Outputs;
  forwardToLeader: ForwardToLeader;
  clock: Clock;
  authenticate: Authenticate;
}

const ACCESS = 'instance:logs';
/** ms between two looks whether a reader still may */
const RECHECK_EVERY = 15_000;

const QuerySchema = Type.Object({
  follow: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Go on with what is printed, from one container to the next.',
    }),
  ),
  tail: Type.Optional(
    Type.Integer({ minimum: 0, maximum: MOST_TAIL, default: 100, description: 'So many last lines first.' }),
  ),
});

export function logRoutes(deps: LogRoutesDeps): Route[] {
  return [logs(deps)];
}

function logs(deps: LogRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/service/{id}/instance/{number}/logs',
      tag: 'Instances',
      summary:
        'What an instance prints, as text. Lines that begin with "… " are not the instance’s: lines were lost, or why it ended.',
      access: ACCESS,
      query: QuerySchema,
      response: null,
      stream: 'text/plain; charset=utf-8',
      errors: [
        ERRORS.SERVICE_UNKNOWN,
        ERRORS.INSTANCE_UNKNOWN,
        ERRORS.INSTANCE_NOT_PLACED,
        ERRORS.TOO_MANY_STREAMS,
        ERRORS.CLUSTER_UNREACHABLE,
        ERRORS.OUTPUT_UNAVAILABLE,
        ERRORS.NO_LEADER,
      ],
    },
    call => answer(deps, call),
  );
}

type LogCall = Call<unknown, typeof ACCESS>;

/** The leading root has the streams of the clusters. A HEAD reads nothing. */
async function answer(deps: LogRoutesDeps, call: LogCall): Promise<object> {
  const { request, response } = call.http;
  if (await deps.forwardToLeader(request, response)) return response;
  const instance = await find(deps.collections, call.caller, call.params);
  // He went meanwhile: nothing would end what is read for him.
  if (response.destroyed) return response;
  const reader = new Reader(response, deps.clock);
  const close = deps.outputs.open(instance, wishOf(call), reader);
  const recheck = every(deps.clock, RECHECK_EVERY, async () => {
    const why = await refusal(deps, call);
    if (why === '' || response.writableEnded) return;
    close();
    reader.end(why);
  });
  response.once('close', () => {
    recheck();
    close();
  });
  if (request.method === 'HEAD') reader.end('');
  await reader.opened;
  return response;
}

/**
 * Users lose roles and logins while they read; whose an application is does not change. An expired token is no reason to
 * stop, for the lines until the reader is back would be lost to him, nor is a store that fails.
 * @returns why he may not read any more; "" = he may
 */
async function refusal({ authenticate }: LogRoutesDeps, { http }: LogCall): Promise<string> {
  try {
    await authenticate(ACCESS, http.request.headers.authorization, { begun: true });
    return '';
  } catch (error) {
    if (!(error instanceof HedgerowError)) throw error;
    return error.kind.http < 500 ? error.message : '';
  }
}

function wishOf({ query, caller, requestId, http }: LogCall): OutputWish {
  const { follow, tail } = query as { follow: boolean; tail: number };
  const head = http.request.method === 'HEAD';
  return { user: caller.name, follow: follow && !head, tail: head ? 0 : tail, requestId };
}

async function find(
  collections: Collections,
  caller: Caller,
  { id = '', number = '' }: Readonly<Record<string, string>>,
): Promise<Instance> {
  const service = await ownService(collections, caller, id, ACCESS);
  const instance = await collections.instances.get(`${service.id}/${number}`);
  if (instance?.desired === 'run') return instance;
  throw new HedgerowError(ERRORS.INSTANCE_UNKNOWN, `${service.job_name} has no instance ${number}`);
}
