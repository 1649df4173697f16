import type { Logger } from '@hedgerow/common';
import type { Checker } from '@hedgerow/common/check';
import { MessageSchema, ServiceSchema, ServicesCreatedSchema, SlaSchema } from '@hedgerow/protos';
import { Type } from 'typebox';
import { ERRORS } from '../../errors.ts';
import type { Services } from '../../services/services.ts';
import { serviceSlaCheck } from '../../sla/validate.ts';
import { type Route, route } from '../route.ts';
import { slaExample } from '../sla-example.ts';
import { warnOfUnknown } from './applications.ts';

export interface ServiceRoutesDeps {
  services: Services;
  checker: Checker;
  log: Logger;
}

const TAG = 'Services';
const MANY = Type.Array(ServiceSchema);

export function serviceRoutes(deps: ServiceRoutesDeps): Route[] {
  return [add(deps), list(deps), ofApplication(deps), get(deps), remove(deps)];
}

function add({ services, checker, log }: ServiceRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/service',
      tag: TAG,
      summary: 'Add services to an application: an SLA with one application whose applicationID is given.',
      access: 'service:create',
      body: {
        schema: SlaSchema,
        check: serviceSlaCheck(checker),
        error: ERRORS.SLA_INVALID,
        example: slaExample('api', '0123456789abcdef01234567'),
      },
      response: ServicesCreatedSchema,
      errors: [
        ERRORS.APPLICATION_UNKNOWN,
        ERRORS.PRIVILEGE_REFUSED,
        ERRORS.SERVICE_EXISTS,
        ERRORS.SERVICE_IP_TAKEN,
        ERRORS.ADDRESSES_EXHAUSTED,
      ],
    },
    async ({ caller, body }) => {
      const made = await services.add(caller, body);
      warnOfUnknown(log, caller.name, body);
      return made;
    },
  );
}

function list({ services }: ServiceRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/services',
      tag: TAG,
      summary: 'The services that the caller may see.',
      access: 'service:read',
      response: MANY,
    },
    ({ caller }) => services.list(caller),
  );
}

function ofApplication({ services }: ServiceRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/services/{appid}',
      tag: TAG,
      summary: 'The services of an application.',
      access: 'service:read',
      response: MANY,
      errors: [ERRORS.APPLICATION_UNKNOWN],
    },
    ({ caller, params }) => services.ofApplication(caller, params.appid ?? ''),
  );
}

function get({ services }: ServiceRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/service/{id}',
      tag: TAG,
      summary: 'A service with its instances.',
      access: 'service:read',
      response: ServiceSchema,
      errors: [ERRORS.SERVICE_UNKNOWN],
    },
    ({ caller, params }) => services.get(caller, params.id ?? ''),
  );
}

function remove({ services }: ServiceRoutesDeps): Route {
  return route(
    {
      method: 'delete',
      path: '/api/service/{id}',
      tag: TAG,
      summary: 'Remove a service with its instances.',
      access: 'service:delete',
      response: MessageSchema,
      errors: [ERRORS.SERVICE_UNKNOWN],
    },
    async ({ caller, params }) => {
      await services.remove(caller, params.id ?? '');
      return { message: 'Job deleted' };
    },
  );
}
