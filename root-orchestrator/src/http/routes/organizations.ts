import {
  ChangeOrganizationSchema,
  MessageSchema,
  NewOrganizationSchema,
  OrganizationIdSchema,
  OrganizationSchema,
} from '@hedgerow/protos';
import { Type } from 'typebox';
import type { Identity } from '../../auth/identity.ts';
import { ERRORS } from '../../errors.ts';
import { type Route, route } from '../route.ts';
import { PageQuerySchema, partOf } from './list-query.ts';

export type OrganizationRoutesDeps = Pick<Identity, 'organizations'>;

const TAG = 'Organizations';

export function organizationRoutes(deps: OrganizationRoutesDeps): Route[] {
  return [list(deps), create(deps), change(deps), remove(deps)];
}

function list({ organizations }: OrganizationRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/organization',
      tag: TAG,
      summary: 'The organizations that the caller may see.',
      access: 'organization:read',
      query: PageQuerySchema,
      response: Type.Array(OrganizationSchema),
    },
    async ({ caller, query }) => partOf(await organizations.list(caller), query),
  );
}

function create({ organizations }: OrganizationRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/organization',
      tag: TAG,
      summary: 'Make an organization. The answer is a JSON string that holds its id as a JSON string.',
      access: 'organization:create',
      body: { schema: NewOrganizationSchema, example: { name: 'shops', member: [] } },
      response: OrganizationIdSchema,
      errors: [ERRORS.ORGANIZATION_EXISTS],
    },
    async ({ caller, body }) => JSON.stringify(await organizations.add(caller, body.name, body.member ?? [])),
  );
}

function change({ organizations }: OrganizationRoutesDeps): Route {
  return route(
    {
      method: 'put',
      path: '/api/organization/{id}',
      tag: TAG,
      summary: 'Rename an organization, or say anew who is a member with which roles.',
      access: 'organization:update',
      body: { schema: ChangeOrganizationSchema, example: { name: 'shops' } },
      response: MessageSchema,
      errors: [
        ERRORS.ORGANIZATION_UNKNOWN,
        ERRORS.ORGANIZATION_EXISTS,
        ERRORS.ROOT_ORGANIZATION,
        ERRORS.LAST_ADMIN,
      ],
    },
    async ({ caller, params, body }) => {
      await organizations.change(caller, params.id ?? '', body);
      return { message: 'Organization is updated' };
    },
  );
}

function remove({ organizations }: OrganizationRoutesDeps): Route {
  return route(
    {
      method: 'delete',
      path: '/api/organization/{id}',
      tag: TAG,
      summary: 'Delete an organization, which must have neither members nor applications.',
      access: 'organization:delete',
      response: MessageSchema,
      errors: [ERRORS.ORGANIZATION_UNKNOWN, ERRORS.ORGANIZATION_IN_USE, ERRORS.ROOT_ORGANIZATION],
    },
    async ({ caller, params }) => {
      await organizations.remove(caller, params.id ?? '');
      return { message: 'Organization deleted' };
    },
  );
}
