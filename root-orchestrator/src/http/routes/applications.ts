import { HedgerowError, type Logger } from '@hedgerow/common';
import type { Checker } from '@hedgerow/common/check';
import {
  ApplicationChangeSchema,
  ApplicationSchema,
  MessageSchema,
  type Sla,
  SlaSchema,
  UpdatedApplicationSchema,
} from '@hedgerow/protos';
import { Type } from 'typebox';
import type { Rights } from '../../auth/rights.ts';
import { ERRORS } from '../../errors.ts';
import type { Applications } from '../../services/applications.ts';
import type { Reader } from '../../services/reader.ts';
import type { ApplicationChange } from '../../services/update-application.ts';
import { unknownFields } from '../../sla/unknown-fields.ts';
import { slaCheck } from '../../sla/validate.ts';
import { applicationChangeCheck } from '../../sla/validate-change.ts';
import { type Route, route } from '../route.ts';
import { slaExample } from '../sla-example.ts';
import { ApplicationQuerySchema, listQuery } from './list-query.ts';

export interface ApplicationRoutesDeps {
  applications: Applications;
  reader: Reader;
  users: Rights;
  checker: Checker;
  log: Logger;
}

const TAG = 'Applications';
const MANY = Type.Array(ApplicationSchema);

export function applicationRoutes(deps: ApplicationRoutesDeps): Route[] {
  return [create(deps), list(deps), ofUser(deps), get(deps), update(deps), remove(deps)];
}

function create({ applications, checker, log }: ApplicationRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/application',
      tag: TAG,
      summary: 'Store the applications of an SLA, all or none. Instances are asked for one by one.',
      access: 'application:create',
      body: {
        schema: SlaSchema,
        check: slaCheck(checker),
        error: ERRORS.SLA_INVALID,
        example: slaExample('web'),
      },
      response: MANY,
      errors: [
        ERRORS.APPLICATION_EXISTS,
        ERRORS.PRIVILEGE_REFUSED,
        ERRORS.SERVICE_EXISTS,
        ERRORS.SERVICE_IP_TAKEN,
        ERRORS.ADDRESSES_EXHAUSTED,
      ],
    },
    async ({ caller, body }) => {
      const made = await applications.create(caller, body);
      warnOfUnknown(log, caller.name, body);
      return made;
    },
  );
}

/** They are kept as they are; a misspelt field should not vanish without a word. */
export function warnOfUnknown(log: Logger, user: string, sla: Sla): void {
  const fields = unknownFields(SlaSchema, sla);
  if (fields.length > 0)
    log.warn({ user, fields: fields.slice(0, 50) }, 'an SLA has fields of no meaning here');
}

function list({ reader }: ApplicationRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/applications',
      tag: TAG,
      summary: 'The applications that the caller may see.',
      access: 'application:read',
      query: ApplicationQuerySchema,
      response: MANY,
    },
    ({ caller, query }) => reader.applications(caller, listQuery(query)),
  );
}

function ofUser({ reader, users }: ApplicationRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/applications/{userid}',
      tag: TAG,
      summary: 'Those of the caller’s applications that belong to one user, by his id.',
      access: 'application:read',
      query: ApplicationQuerySchema,
      response: MANY,
      errors: [ERRORS.USER_UNKNOWN],
    },
    async ({ caller, params, query }) => {
      const id = params.userid ?? '';
      const owner = await users.seenBy(caller, id);
      if (owner) return reader.applications(caller, listQuery(query), owner.name);
      throw new HedgerowError(ERRORS.USER_UNKNOWN, `there is no user with the id ${id}`);
    },
  );
}

function get({ reader }: ApplicationRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/application/{id}',
      tag: TAG,
      summary: 'An application.',
      access: 'application:read',
      response: ApplicationSchema,
      errors: [ERRORS.APPLICATION_UNKNOWN],
    },
    ({ caller, params }) => reader.application(caller, params.id ?? ''),
  );
}

function update({ applications, reader, checker }: ApplicationRoutesDeps): Route {
  return route(
    {
      method: 'put',
      path: '/api/application/{id}',
      tag: TAG,
      summary:
        'Change an application’s description and, when they are described, its services. What is left out stays.',
      access: 'application:update',
      body: {
        schema: ApplicationChangeSchema,
        check: applicationChangeCheck(checker),
        error: ERRORS.SLA_INVALID,
        example: { application_desc: 'Instances behind one address' },
      },
      response: UpdatedApplicationSchema,
      errors: [
        ERRORS.APPLICATION_UNKNOWN,
        ERRORS.PRIVILEGE_REFUSED,
        ERRORS.SERVICE_EXISTS,
        ERRORS.SERVICE_IP_TAKEN,
        ERRORS.ADDRESSES_EXHAUSTED,
        ERRORS.ROLLOUT_RUNNING,
      ],
    },
    async ({ caller, params, body, requestId }) => {
      const id = params.id ?? '';
      await applications.update(caller, id, body as ApplicationChange, requestId);
      return { message: 'Application is updated', ...(await reader.application(caller, id)) };
    },
  );
}

function remove({ applications }: ApplicationRoutesDeps): Route {
  return route(
    {
      method: 'delete',
      path: '/api/application/{id}',
      tag: TAG,
      summary: 'Remove an application with its services and their instances.',
      access: 'application:delete',
      response: MessageSchema,
      errors: [ERRORS.APPLICATION_UNKNOWN],
    },
    async ({ caller, params, requestId }) => {
      await applications.remove(caller, params.id ?? '', requestId);
      return { message: 'Application Deleted' };
    },
  );
}
