import { HedgerowError } from '@hedgerow/common';
import { HistorySchema, InstanceCreatedSchema, InstanceSchema, MessageSchema } from '@hedgerow/protos';
import { ERRORS } from '../../errors.ts';
import type { Instances } from '../../services/instances.ts';
import type { Reader } from '../../services/reader.ts';
import { type Route, route } from '../route.ts';

export interface InstanceRoutesDeps {
  instances: Instances;
  reader: Reader;
}

export function instanceRoutes(deps: InstanceRoutesDeps): Route[] {
  return [add(deps), get(deps), history(deps), remove(deps)];
}

function add({ instances }: InstanceRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/service/{id}/instance',
      tag: 'Instances',
      summary: 'Run one more instance of a service.',
      access: 'instance:create',
      response: InstanceCreatedSchema,
      errors: [ERRORS.SERVICE_UNKNOWN, ERRORS.PRIVILEGE_REFUSED, ERRORS.ADDRESSES_EXHAUSTED],
    },
    async ({ caller, params, requestId }) => ({
      message: 'ok',
      instance_number: await instances.add(caller, params.id ?? '', requestId),
    }),
  );
}

function get({ reader }: InstanceRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/service/{id}/instance/{number}',
      tag: 'Instances',
      summary: 'An instance, with its latest figures of cpu and memory.',
      access: 'instance:read',
      response: InstanceSchema,
      errors: [ERRORS.SERVICE_UNKNOWN, ERRORS.INSTANCE_UNKNOWN, ERRORS.INSTANCE_NUMBER_INVALID],
    },
    ({ caller, params }) => reader.instance(caller, params.id ?? '', instanceNumber(params.number ?? '')),
  );
}

function history({ reader }: InstanceRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/service/{id}/instance/{number}/history',
      tag: 'Instances',
      summary: 'What happened to an instance: its last 50 moves from state to state, each with its reason.',
      access: 'instance:read',
      response: HistorySchema,
      errors: [ERRORS.SERVICE_UNKNOWN, ERRORS.INSTANCE_UNKNOWN, ERRORS.INSTANCE_NUMBER_INVALID],
    },
    ({ caller, params }) => reader.history(caller, params.id ?? '', instanceNumber(params.number ?? '')),
  );
}

function remove({ instances }: InstanceRoutesDeps): Route {
  return route(
    {
      method: 'delete',
      path: '/api/service/{id}/instance/{number}',
      tag: 'Instances',
      summary: 'Remove an instance, or with -1 all of a service.',
      access: 'instance:delete',
      response: MessageSchema,
      errors: [ERRORS.SERVICE_UNKNOWN, ERRORS.INSTANCE_UNKNOWN, ERRORS.INSTANCE_NUMBER_INVALID],
    },
    async ({ caller, params, requestId }) => {
      await instances.remove(caller, params.id ?? '', instanceNumber(params.number ?? ''), requestId);
      return { message: 'ok' };
    },
  );
}

function instanceNumber(text: string): number {
  if (/^(-1|\d{1,9})$/.test(text)) return Number(text);
  throw new HedgerowError(ERRORS.INSTANCE_NUMBER_INVALID, `${text} is no instance number`, {
    errors: [{ path: 'number', found: text, allowed: 'a whole number; to remove, also -1 for all' }],
  });
}
