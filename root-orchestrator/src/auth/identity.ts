/** Composition of who may use the API, and what for. */
import { availableParallelism } from 'node:os';
import { type Clock, HedgerowError, type Logger, Turns } from '@hedgerow/common';
import type { Collections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import { Accounts } from './accounts.ts';
import { createAuthenticate } from './authenticate.ts';
import type { Authenticate } from './caller.ts';
import { ensureAdmin } from './first-start.ts';
import { LoginGuard } from './guard.ts';
import { Logins } from './logins.ts';
import { Memberships } from './memberships.ts';
import { Organizations } from './organizations.ts';
import { Passwords } from './passwords.ts';
import { Resets } from './resets.ts';
import { Revocations } from './revocations.ts';
import { Rights } from './rights.ts';
import { openSigningKeys, type Secrets } from './secrets.ts';
import { createTokens, type Tokens } from './tokens.ts';
import { Users } from './users.ts';

export interface Identity {
  accounts: Accounts;
  organizations: Organizations;
  passwords: Passwords;
  logins: Logins;
  tokens: Tokens;
  revocations: Revocations;
  rights: Rights;
  authenticate: Authenticate;
}

export interface IdentityConfig {
  adminPassword: string;
  accessTokenSeconds: number;
}

export interface IdentityDeps {
  collections: Collections;
  secrets: Secrets;
  clock: Clock;
  log: Logger;
}

/** Threads of libuv's pool, when nobody set UV_THREADPOOL_SIZE; one is left to files and names. */
const POOL = 4;
/** Each holds 16 MiB while its password is checked, and next to nothing while it waits. */
const MOST_WAITING = 32;

export async function createIdentity(config: IdentityConfig, deps: IdentityDeps): Promise<Identity> {
  const { collections, clock } = deps;
  const atOnce = Math.min(availableParallelism(), POOL - 1);
  const turns = new Turns({ atOnce, waiting: MOST_WAITING, refuse: tooMany });
  const users = new Users({ collections, clock, turns });
  const memberships = new Memberships(collections, clock);
  await ensureAdmin({ users, memberships }, config.adminPassword);
  const keys = await openSigningKeys(deps.secrets);
  const tokens = createTokens({ keys, clock, accessSeconds: config.accessTokenSeconds });
  const revocations = new Revocations(collections, clock);
  const rights = new Rights(users, memberships);
  const resets = new Resets(collections, clock);
  const logins = new Logins({ users, memberships, turns, guard: new LoginGuard(clock) });
  return {
    accounts: new Accounts({ collections, users, memberships, rights, resets }),
    organizations: new Organizations({ collections, users, memberships }),
    passwords: new Passwords({ ...deps, users, rights, resets, logins }),
    logins,
    tokens,
    revocations,
    rights,
    authenticate: createAuthenticate({ tokens, users, memberships, revocations }),
  };
}

function tooMany(): HedgerowError {
  return new HedgerowError(ERRORS.TOO_MANY_LOGINS, 'too many logins at once; try again in a few seconds');
}
