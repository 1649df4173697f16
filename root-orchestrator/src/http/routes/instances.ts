import { HedgerowError } from '@hedgerow/common';
import { InstanceCreatedSchema, MessageSchema } from '@hedgerow/protos';
import { ERRORS } from '../../errors.ts';
import type { Instances } from '../../services/instances.ts';
import { type Route, route } from '../route.ts';

export interface InstanceRoutesDeps {
  instances: Instances;
}

export function instanceRoutes(deps: InstanceRoutesDeps): Route[] {
  return [add(deps), remove(deps)];
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
      errors: [ERRORS.SERVICE_UNKNOWN, ERRORS.ADDRESSES_EXHAUSTED],
    },
    async ({ caller, params }) => ({
      message: 'ok',
      instance_number: await instances.add(caller, params.id ?? ''),
    }),
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
      errors: [ERRORS.SERVICE_UNKNOWN, ERRORS.INSTANCE_UNKNOWN],
    },
    async ({ caller, params }) => {
      await instances.remove(caller, params.id ?? '', instanceNumber(params.number ?? ''));
      return { message: 'ok' };
    },
  );
}

function instanceNumber(text: string): number {
  if (/^(-1|\d{1,9})$/.test(text)) return Number(text);
  throw new HedgerowError(ERRORS.INSTANCE_UNKNOWN, `${text} is no instance number`, {
    errors: [{ path: 'number', found: text, allowed: 'a whole number, or -1 for all' }],
  });
}
