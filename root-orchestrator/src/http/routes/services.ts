import type { Logger } from '@hedgerow/common';
import type { Checker } from '@hedgerow/common/check';
import {
  MessageSchema,
  ServiceChangeSchema,
  ServiceSchema,
  ServicesCreatedSchema,
  SlaSchema,
} from '@hedgerow/protos';
import { Type } from 'typebox';
import { ERRORS } from '../../errors.ts';
import type { Reader } from '../../services/reader.ts';
import type { Services } from '../../services/services.ts';
import { serviceChange } from '../../sla/change.ts';
import { serviceSlaCheck } from '../../sla/validate.ts';
import { serviceChangeCheck } from '../../sla/validate-change.ts';
import { type Route, route } from '../route.ts';
import { slaExample } from '../sla-example.ts';
import { warnOfUnknown } from './applications.ts';
import { listQuery, ServiceQuerySchema } from './list-query.ts';

export interface ServiceRoutesDeps {
  services: Services;
  reader: Reader;
  checker: Checker;
  log: Logger;
}

const TAG = 'Services';
const MANY = Type.Array(ServiceSchema);

export function serviceRoutes(deps: ServiceRoutesDeps): Route[] {
  return [add(deps), list(deps), ofApplication(deps), get(deps), update(deps), remove(deps)];
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

function list({ reader }: ServiceRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/services',
      tag: TAG,
      summary: 'The services that the caller may see.',
      access: 'service:read',
      query: ServiceQuerySchema,
      response: MANY,
    },
    ({ caller, query }) => reader.services(caller, listQuery(query)),
  );
}

function ofApplication({ reader }: ServiceRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/services/{appid}',
      tag: TAG,
      summary: 'The services of an application.',
      access: 'service:read',
      query: ServiceQuerySchema,
      response: MANY,
      errors: [ERRORS.APPLICATION_UNKNOWN],
    },
    ({ caller, params, query }) => reader.servicesOf(caller, params.appid ?? '', listQuery(query)),
  );
}

function get({ reader }: ServiceRoutesDeps): Route {
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
    ({ caller, params }) => reader.service(caller, params.id ?? ''),
  );
}

function update({ services, reader, checker }: ServiceRoutesDeps): Route {
  return route(
    {
      method: 'put',
      path: '/api/service/{id}',
      tag: TAG,
      summary:
        'Change a service: some of its fields, or all of it by an SLA. Its instances are replaced one by one.',
      access: 'service:update',
      body: {
        schema: Type.Union([ServiceChangeSchema, SlaSchema]),
        check: serviceChangeCheck(checker),
        error: ERRORS.SLA_INVALID,
        example: { code: 'hedgerow/demo:2', memory: 64 },
      },
      response: ServiceSchema,
      errors: [ERRORS.SERVICE_UNKNOWN, ERRORS.PRIVILEGE_REFUSED, ERRORS.ROLLOUT_RUNNING],
    },
    async ({ caller, params, body, requestId }) => {
      const id = params.id ?? '';
      await services.update(caller, id, serviceChange(body), requestId);
      return reader.service(caller, id);
    },
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
    async ({ caller, params, requestId }) => {
      await services.remove(caller, params.id ?? '', requestId);
      return { message: 'Job deleted' };
    },
  );
}
