import { HedgerowError, type Logger } from '@hedgerow/common';
import type { Checker } from '@hedgerow/common/check';
import { ApplicationSchema, MessageSchema, type Sla, SlaSchema } from '@hedgerow/protos';
import { Type } from 'typebox';
import type { Rights } from '../../auth/rights.ts';
import { ERRORS } from '../../errors.ts';
import type { Applications } from '../../services/applications.ts';
import { unknownFields } from '../../sla/unknown-fields.ts';
import { slaCheck } from '../../sla/validate.ts';
import { type Route, route } from '../route.ts';
import { slaExample } from '../sla-example.ts';

export interface ApplicationRoutesDeps {
  applications: Applications;
  users: Rights;
  checker: Checker;
  log: Logger;
}

const TAG = 'Applications';
const MANY = Type.Array(ApplicationSchema);

export function applicationRoutes(deps: ApplicationRoutesDeps): Route[] {
  return [create(deps), list(deps), ofUser(deps), get(deps), remove(deps)];
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

function list({ applications }: ApplicationRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/applications',
      tag: TAG,
      summary: 'The applications that the caller may see.',
      access: 'application:read',
      response: MANY,
    },
    ({ caller }) => applications.list(caller),
  );
}

function ofUser({ applications, users }: ApplicationRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/applications/{userid}',
      tag: TAG,
      summary: 'Those of the caller’s applications that belong to one user, by his id.',
      access: 'application:read',
      response: MANY,
      errors: [ERRORS.USER_UNKNOWN],
    },
    async ({ caller, params }) => {
      const id = params.userid ?? '';
      const owner = await users.seenBy(caller, id);
      if (owner) return applications.ofOwner(caller, owner.name);
      throw new HedgerowError(ERRORS.USER_UNKNOWN, `there is no user with the id ${id}`);
    },
  );
}

function get({ applications }: ApplicationRoutesDeps): Route {
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
    ({ caller, params }) => applications.get(caller, params.id ?? ''),
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
    async ({ caller, params }) => {
      await applications.remove(caller, params.id ?? '');
      return { message: 'Application Deleted' };
    },
  );
}
