import { HedgerowError } from '@hedgerow/common';
import {
  LoginRequestSchema,
  RegisterUserSchema,
  TokenSchema,
  TokensSchema,
  UserSchema,
} from '@hedgerow/protos';
import { isAdmin } from '../../auth/caller.ts';
import type { Tokens } from '../../auth/tokens.ts';
import type { NewUser, Users } from '../../auth/users.ts';
import { ERRORS } from '../../errors.ts';
import { viewUser } from '../../services/views.ts';
import { type Route, route } from '../route.ts';

export interface AuthRoutesDeps {
  users: Users;
  tokens: Tokens;
}

export function authRoutes(deps: AuthRoutesDeps): Route[] {
  return [login(deps), refresh(deps), register(deps), user(deps)];
}

/** The one organization that there is. */
const ORGANIZATION = 'root';

function login({ users, tokens }: AuthRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/auth/login',
      tag: 'Authentication',
      summary: 'Log in: an access token, and a refresh token that gives new ones.',
      access: 'open',
      body: { schema: LoginRequestSchema, example: { username: 'Admin', password: 'Admin' } },
      response: TokensSchema,
      errors: [ERRORS.LOGIN_FAILED, ERRORS.ORGANIZATION_UNKNOWN, ERRORS.TOO_MANY_LOGINS],
    },
    async ({ body }) => {
      if (![undefined, '', ORGANIZATION].includes(body.organization_name)) {
        throw new HedgerowError(
          ERRORS.ORGANIZATION_UNKNOWN,
          `there is no organization ${body.organization_name}`,
        );
      }
      const found = await users.login(body.username, body.password);
      return { token: tokens.issue('access', found), refresh_token: tokens.issue('refresh', found) };
    },
  );
}

function refresh({ tokens }: AuthRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/auth/refresh',
      tag: 'Authentication',
      summary: 'A new access token. Send the refresh token as bearer.',
      access: 'refresh',
      response: TokenSchema,
    },
    async ({ caller }) => ({ token: tokens.issue('access', caller) }),
  );
}

function register({ users }: AuthRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/auth/register',
      tag: 'Authentication',
      summary: 'Make a user.',
      access: 'user:create',
      body: {
        schema: RegisterUserSchema,
        example: { name: 'ada', password: 'a long one', roles: ['Application_Provider'] },
      },
      response: UserSchema,
      errors: [ERRORS.USER_EXISTS],
    },
    async ({ body }) => viewUser(await users.add(body as NewUser)),
  );
}

function user({ users }: AuthRoutesDeps): Route {
  return route(
    {
      method: 'get',
      path: '/api/user/{username}',
      tag: 'Users',
      summary: 'A user: oneself, or anybody for an Admin.',
      access: 'token',
      response: UserSchema,
      errors: [ERRORS.USER_UNKNOWN],
    },
    async ({ params, caller }) => {
      const name = params.username ?? '';
      const found = name === caller.name || isAdmin(caller) ? await users.byName(name) : null;
      if (found) return viewUser(found);
      throw new HedgerowError(ERRORS.USER_UNKNOWN, `there is no user ${name}`);
    },
  );
}
