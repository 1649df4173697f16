import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { type Authenticate, type Caller, reach } from './caller.ts';
import type { Tokens } from './tokens.ts';
import type { Users } from './users.ts';

/** Checks the `Authorization` header against what a route asks for. A deleted user's token is worth nothing. */
export function createAuthenticate(tokens: Tokens, users: Users): Authenticate {
  return async (access, authorization) => {
    if (access === 'open') return null;
    const name = tokens.verify(access === 'refresh' ? 'refresh' : 'access', bearer(authorization));
    const user = await users.byName(name);
    if (!user) throw new HedgerowError(ERRORS.TOKEN_INVALID, `the user ${name} does not exist any more`);
    const caller: Caller = { id: user.id, name: user.name, roles: user.roles, organization: '' };
    if (access !== 'token' && access !== 'refresh' && reach(caller, access) === 'none') {
      throw new HedgerowError(ERRORS.FORBIDDEN, `none of your roles allows ${access}`);
    }
    return caller;
  };
}

function bearer(authorization: string | undefined): string {
  const match = /^Bearer +(\S+)$/i.exec(authorization ?? '');
  if (match) return match[1] as string;
  throw new HedgerowError(
    ERRORS.TOKEN_MISSING,
    'send a header "Authorization: Bearer <token>"; POST /api/auth/login gives one',
  );
}
