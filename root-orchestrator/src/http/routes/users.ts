import {
  AskResetSchema,
  ChangePasswordSchema,
  ChangeUserSchema,
  MessageSchema,
  PermissionSchema,
  ResetPasswordSchema,
  ResetTokenSchema,
  UserSchema,
} from '@hedgerow/protos';
import { Type } from 'typebox';
import { readChange } from '../../auth/account-change.ts';
import type { Identity } from '../../auth/identity.ts';
import { ERRORS } from '../../errors.ts';
import { type Route, route } from '../route.ts';
import { addressOf } from './auth.ts';
import { PageQuerySchema, partOf } from './list-query.ts';

export type UserRoutesDeps = Pick<Identity, 'accounts' | 'passwords'>;

const TAG = 'Users';
const MANY = Type.Array(UserSchema);

export function userRoutes(deps: UserRoutesDeps): Route[] {
  return [
    permission(deps),
    get(deps),
    change(deps),
    remove(deps),
    changePassword(deps),
    askReset(deps),
    makeReset(deps),
    resetPassword(deps),
    list(deps),
    ofOrganization(deps),
  ];
}

function permission({ accounts }: UserRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/permission/{username}',
      tag: TAG,
      summary: 'Roles of a user in the organization that the caller is logged in to.',
      access: 'user:read',
      response: PermissionSchema,
      errors: [ERRORS.USER_UNKNOWN],
    },
    async ({ caller, params }) => {
      const { roles } = await accounts.get(caller, params.username ?? '');
      return { roles };
    },
  );
}

function get({ accounts }: UserRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/user/{username}',
      tag: TAG,
      summary: 'A user, with his roles in the organization that the caller is logged in to.',
      access: 'user:read',
      response: UserSchema,
      errors: [ERRORS.USER_UNKNOWN],
    },
    ({ caller, params }) => accounts.get(caller, params.username ?? ''),
  );
}

function change({ accounts }: UserRoutesDeps): Route {
  return route(
    {
      method: 'put',
      path: '/api/user/{username}',
      tag: TAG,
      summary:
        'Change e-mail, roles in the organization that the caller is logged in to, another’s password.',
      access: 'user:update',
      body: { schema: ChangeUserSchema, example: { email: 'ada@example.org' } },
      response: UserSchema,
      errors: [ERRORS.USER_UNKNOWN, ERRORS.LAST_ADMIN, ERRORS.TOO_MANY_LOGINS],
    },
    ({ caller, params, body }) => {
      const name = params.username ?? '';
      return accounts.change(caller, name, readChange(name, body));
    },
  );
}

function remove({ accounts }: UserRoutesDeps): Route {
  return route(
    {
      method: 'delete',
      path: '/api/user/{username}',
      tag: TAG,
      summary: 'Delete a user, who must have no applications.',
      access: 'user:delete',
      response: MessageSchema,
      errors: [ERRORS.USER_UNKNOWN, ERRORS.USER_IN_USE, ERRORS.LAST_ADMIN],
    },
    async ({ caller, params }) => {
      await accounts.remove(caller, params.username ?? '');
      return { message: 'User deleted' };
    },
  );
}

function changePassword({ passwords }: UserRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/user/{username}',
      tag: TAG,
      summary: 'Change one’s own password; ends every login.',
      access: 'user:password',
      body: { schema: ChangePasswordSchema, example: { oldPassword: 'Admin', newPassword: 'a long one' } },
      response: MessageSchema,
      errors: [ERRORS.USER_UNKNOWN, ERRORS.PASSWORD_WRONG, ERRORS.LOGIN_DELAYED, ERRORS.TOO_MANY_LOGINS],
    },
    async ({ caller, params, body, http }) => {
      await passwords.change(caller, params.username ?? '', body, addressOf(http.request));
      return { message: 'Password changed' };
    },
  );
}

function askReset({ passwords }: UserRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/user',
      tag: TAG,
      summary:
        'Ask for a new password; the operator finds the wish in the log. Every name is answered alike.',
      access: 'open',
      body: { schema: AskResetSchema, example: { username: 'ada' } },
      response: MessageSchema,
    },
    async ({ body }) => {
      await passwords.ask(body.username);
      return { message: 'Your administrator is told, and can give you a link' };
    },
  );
}

function makeReset({ passwords }: UserRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/user/{username}/reset',
      tag: TAG,
      summary: 'Make a token with which the user sets a new password: once, within three hours.',
      access: 'user:reset',
      response: ResetTokenSchema,
      errors: [ERRORS.USER_UNKNOWN],
    },
    ({ caller, params }) => passwords.makeReset(caller, params.username ?? ''),
  );
}

function resetPassword({ passwords }: UserRoutesDeps): Route {
  return route(
    {
      method: 'put',
      path: '/api/user',
      tag: TAG,
      summary: 'Set a new password with a token; ends every login.',
      access: 'open',
      body: { schema: ResetPasswordSchema, example: { token: '0f1e…', password: 'a long one' } },
      response: MessageSchema,
      errors: [ERRORS.RESET_INVALID, ERRORS.TOO_MANY_LOGINS],
    },
    async ({ body }) => {
      await passwords.reset(body.token, body.password);
      return { message: 'Password changed' };
    },
  );
}

function list({ accounts }: UserRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/users',
      tag: TAG,
      summary: 'The users that the caller may see, with their roles in his organization.',
      access: 'user:read',
      query: PageQuerySchema,
      response: MANY,
    },
    async ({ caller, query }) => partOf(await accounts.list(caller), query),
  );
}

function ofOrganization({ accounts }: UserRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/users/{organization_id}',
      tag: TAG,
      summary: 'The members of an organization that the caller may see, with their roles in it.',
      access: 'user:read',
      query: PageQuerySchema,
      response: MANY,
      errors: [ERRORS.ORGANIZATION_UNKNOWN],
    },
    async ({ caller, params, query }) =>
      partOf(await accounts.ofOrganization(caller, params.organization_id ?? ''), query),
  );
}
