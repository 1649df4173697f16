import type { IncomingMessage } from 'node:http';
import {
  LoginRequestSchema,
  MessageSchema,
  RegisterUserSchema,
  TokenSchema,
  TokensSchema,
  UserSchema,
} from '@hedgerow/protos';
import { bearer } from '../../auth/authenticate.ts';
import type { Identity } from '../../auth/identity.ts';
import { newAccount } from '../../auth/new-account.ts';
import type { Login, TokenType } from '../../auth/tokens.ts';
import { ERRORS } from '../../errors.ts';
import { type Route, route } from '../route.ts';

export type AuthRoutesDeps = Pick<Identity, 'accounts' | 'logins' | 'revocations' | 'tokens'>;

const TAG = 'Authentication';

export function authRoutes(deps: AuthRoutesDeps): Route[] {
  return [login(deps), refresh(deps), logout(deps), register(deps)];
}

function login({ logins, tokens }: AuthRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/auth/login',
      tag: TAG,
      summary: 'Log in to an organization: an access token, and a refresh token that gives new ones.',
      access: 'open',
      body: { schema: LoginRequestSchema, example: { username: 'Admin', password: 'Admin' } },
      response: TokensSchema,
      errors: [
        ERRORS.LOGIN_FAILED,
        ERRORS.LOGIN_DELAYED,
        ERRORS.ORGANIZATION_UNKNOWN,
        ERRORS.TOO_MANY_LOGINS,
      ],
    },
    async ({ body, http }) => {
      const attempt = { name: body.username, address: addressOf(http.request) };
      const found = await logins.login(attempt, body.password, body.organization_name ?? '');
      return { token: tokens.issue('access', found), refresh_token: tokens.issue('refresh', found) };
    },
  );
}

function refresh({ tokens }: AuthRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/auth/refresh',
      tag: TAG,
      summary: 'A new access token. Send the refresh token as bearer.',
      access: 'refresh',
      response: TokenSchema,
    },
    async ({ http }) => {
      const { jti: _, expires: __, ...claims } = claimsOf('refresh', http.request, tokens);
      return { token: tokens.issue('access', claims satisfies Login) };
    },
  );
}

function logout({ tokens, revocations }: AuthRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/auth/logout',
      tag: TAG,
      summary: 'Give a refresh token back: it gives no new tokens from now on. Send it as bearer.',
      access: 'refresh',
      response: MessageSchema,
    },
    async ({ http }) => {
      await revocations.add(claimsOf('refresh', http.request, tokens));
      return { message: 'logged out' };
    },
  );
}

function register({ accounts }: AuthRoutesDeps): Route {
  return route(
    {
      method: 'post',
      path: '/api/auth/register',
      tag: TAG,
      summary:
        'Make a user: a member of the organization that the caller is logged in to, or of the one that is named.',
      access: 'user:create',
      body: {
        schema: RegisterUserSchema,
        example: { name: 'ada', password: 'a long one', roles: ['Application_Provider'] },
      },
      response: UserSchema,
      errors: [ERRORS.ORGANIZATION_UNKNOWN, ERRORS.USER_EXISTS, ERRORS.TOO_MANY_LOGINS],
    },
    ({ body, caller }) => accounts.add(caller, newAccount(body)),
  );
}

/** Of the token that let the request in. */
function claimsOf(type: TokenType, request: IncomingMessage, tokens: AuthRoutesDeps['tokens']) {
  return tokens.verify(type, bearer(request.headers.authorization));
}

/** "" over a unix socket; whose request a proxy passes on is not looked at: anybody can write such a header */
export function addressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? '';
}
