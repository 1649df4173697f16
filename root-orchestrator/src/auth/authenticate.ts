import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { isOperation } from '../http/route.ts';
import { type Authenticate, type Caller, reach } from './caller.ts';
import { type Memberships, rolesIn, sameRoles } from './memberships.ts';
import type { Revocations } from './revocations.ts';
import type { Claims, Tokens } from './tokens.ts';
import type { Users } from './users.ts';

export interface AuthenticateDeps {
  tokens: Tokens;
  users: Users;
  memberships: Memberships;
  revocations: Revocations;
}

/** Checks the `Authorization` header against what a route asks for, and what the token says against the store. */
export function createAuthenticate(deps: AuthenticateDeps): Authenticate {
  return async (access, authorization, { begun = false } = {}) => {
    if (access === 'open') return null;
    const refresh = access === 'refresh';
    const claims = deps.tokens.verify(refresh ? 'refresh' : 'access', bearer(authorization), begun);
    if (refresh && (await deps.revocations.has(claims.jti))) throw invalid('it was given back');
    const caller = await callerOf(claims, deps);
    if (isOperation(access) && reach(caller, access) === 'none') {
      throw new HedgerowError(ERRORS.FORBIDDEN, `none of your roles allows ${access}`);
    }
    return caller;
  };
}

/** A change of roles ends the logins to that organization: programs show what their token says. */
async function callerOf(claims: Claims, { users, memberships }: AuthenticateDeps): Promise<Caller> {
  const { id, name, organization, version } = claims;
  const user = await users.byId(id);
  if (!user) throw invalid(`the user ${name} does not exist any more`);
  if (user.token_version !== version) throw invalid('the password was changed since');
  const joined = await memberships.byId(organization);
  if (!joined) throw invalid('the organization does not exist any more');
  const roles = rolesIn(joined, id);
  if (!sameRoles(roles, claims.roles)) throw invalid('your roles have changed since');
  return { id, name: user.name, roles, organization };
}

function invalid(why: string): HedgerowError {
  return new HedgerowError(ERRORS.TOKEN_INVALID, `the token does not hold any more: ${why}; log in again`);
}

/** @throws TOKEN_MISSING */
export function bearer(authorization: string | undefined): string {
  const match = /^Bearer +(\S+)$/i.exec(authorization ?? '');
  if (match) return match[1] as string;
  throw new HedgerowError(
    ERRORS.TOKEN_MISSING,
    'send a header "Authorization: Bearer <token>"; POST /api/auth/login gives one',
  );
}
