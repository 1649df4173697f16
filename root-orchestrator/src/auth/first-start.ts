/** What must be there before anybody can log in. */
import { type Clock, HedgerowError, isErrorOf, isLoopback, newId, STORE_ERRORS } from '@hedgerow/common';
import type { Collections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import { ROLES } from './matrix.ts';
import { verifyPassword } from './password.ts';
import type { Users } from './users.ts';

const TRIAL_PASSWORD = 'Admin';

/** @throws ADMIN_PASSWORD_NEEDED when others could reach the port and no password was given */
export function refuseTrialPassword(host: string, adminPassword: string): void {
  if (isLoopback(host) || adminPassword !== '') return;
  throw new HedgerowError(
    ERRORS.ADMIN_PASSWORD_NEEDED,
    `the root listens on ${host}, where others can reach it: set ADMIN_PASSWORD to the password of user Admin`,
  );
}

/**
 * Makes the user Admin when there is none. Without a password it is `Admin`, for trying out on loopback; a root that
 * was tried out so and is then given a password loses the trial one.
 */
export async function ensureAdmin(users: Users, adminPassword: string): Promise<void> {
  const admin = await users.byName('Admin');
  if (!admin) await users.add({ name: 'Admin', password: adminPassword || TRIAL_PASSWORD, roles: ROLES });
  else if (adminPassword !== '' && (await verifyPassword(TRIAL_PASSWORD, admin.password_hash))) {
    await users.setPassword(admin.id, adminPassword);
  }
}

/** @returns the id of organization `root`, which every token names */
export async function ensureOrganization(collections: Collections, clock: Clock): Promise<string> {
  const known = await collections.meta.get('organization');
  if (known) return known.value;
  try {
    return (await collections.meta.insert({ id: 'organization', value: newId(clock.now()) })).value;
  } catch (error) {
    if (!isErrorOf(error, STORE_ERRORS.STORE_DUPLICATE)) throw error;
    return ensureOrganization(collections, clock);
  }
}
