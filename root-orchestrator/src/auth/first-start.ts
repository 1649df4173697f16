/** What must be there before anybody can log in. Several roots may start at once over one store. */
import { isErrorOf } from '@hedgerow/common';
import { ROLES } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import type { Organization } from '../model.ts';
import { hasAdmin, type Memberships, ROOT } from './memberships.ts';
import { verifyPassword } from './password.ts';
import type { Users } from './users.ts';

const ADMIN = 'Admin';
const TRIAL_PASSWORD = 'Admin';

/** Fixed, so that two roots that start at once make one and the same. */
const ROOT_ID = '000000000000000000000001';
const ADMIN_ID = '000000000000000000000002';

export interface FirstStartDeps {
  users: Users;
  memberships: Memberships;
}

/**
 * Makes the organization `root`, and the user Admin when `root` has no Admin. Without a password it is `Admin`, for
 * trying out on loopback; a root that was tried out so and is then given a password loses the trial one.
 */
export async function ensureAdmin(deps: FirstStartDeps, adminPassword: string): Promise<void> {
  const root = await ensureRoot(deps.memberships);
  if (!hasAdmin(root)) await makeAdmin(deps, root, adminPassword);
  const admin = await deps.users.byName(ADMIN);
  if (!admin || adminPassword === '') return;
  if (await verifyPassword(TRIAL_PASSWORD, admin.password_hash)) {
    await deps.users.change(admin.id, { password: adminPassword });
  }
}

async function ensureRoot(memberships: Memberships): Promise<Organization> {
  const known = await memberships.byName(ROOT);
  if (known) return known;
  try {
    return await memberships.add(ROOT, [], ROOT_ID);
  } catch (error) {
    if (!isErrorOf(error, ERRORS.ORGANIZATION_EXISTS)) throw error;
    return ensureRoot(memberships);
  }
}

/** A user of that name without the role: a crash came between the two. */
async function makeAdmin(
  { users, memberships }: FirstStartDeps,
  { id }: Organization,
  adminPassword: string,
): Promise<void> {
  try {
    await users.add({ name: ADMIN, password: adminPassword || TRIAL_PASSWORD }, ADMIN_ID);
  } catch (error) {
    if (!isErrorOf(error, ERRORS.USER_EXISTS)) throw error;
  }
  const admin = await users.byName(ADMIN);
  if (admin) await memberships.setRoles(id, admin.id, ROLES);
}
