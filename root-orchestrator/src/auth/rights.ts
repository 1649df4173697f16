/** Which users a caller sees, and which of them he may touch. */
import { HedgerowError } from '@hedgerow/common';
import type { Role } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import type { Organization, User } from '../model.ts';
import { type Caller, reach } from './caller.ts';
import { grantable, type Operation } from './matrix.ts';
import { type Memberships, memberOf } from './memberships.ts';
import type { Users } from './users.ts';

export class Rights {
  readonly #users: Users;
  readonly #memberships: Memberships;

  constructor(users: Users, memberships: Memberships) {
    this.#users = users;
    this.#memberships = memberships;
  }

  /** @returns null for whom the caller does not see, as for whom there is not */
  async seenBy(caller: Caller, id: string): Promise<User | null> {
    const user = await this.#users.byId(id);
    return user && (await this.#sees(caller, user)) ? user : null;
  }

  /** @throws USER_UNKNOWN */
  async named(caller: Caller, name: string): Promise<User> {
    const user = await this.#users.byName(name);
    if (user && (await this.#sees(caller, user))) return user;
    throw new HedgerowError(ERRORS.USER_UNKNOWN, `there is no user ${name}`);
  }

  /**
   * An account belongs to an organization when it is a member of no other; and nobody gets hold of an account that may
   * do more than his own.
   * @throws FORBIDDEN
   */
  async mustReach(caller: Caller, user: User, operation: Operation): Promise<void> {
    const scope = reach(caller, operation);
    if (scope === 'all' || (scope !== 'none' && user.id === caller.id)) return;
    if (scope === 'organization' && (await this.#belongsTo(caller, user))) return;
    throw new HedgerowError(ERRORS.FORBIDDEN, `none of your roles allows ${operation} on ${user.name}`);
  }

  async #sees(caller: Caller, user: User): Promise<boolean> {
    const scope = reach(caller, 'user:read');
    if (scope === 'all' || user.id === caller.id) return true;
    if (scope !== 'organization') return false;
    const organization = await this.#memberships.byId(caller.organization);
    return organization !== null && memberOf(organization, user.id) !== undefined;
  }

  async #belongsTo(caller: Caller, user: User): Promise<boolean> {
    const [organization, ...others] = await this.#memberships.of(user.id);
    if (organization?.id !== caller.organization || others.length > 0) return false;
    const roles = memberOf(organization, user.id)?.roles ?? [];
    return beyond(caller, roles).length === 0;
  }
}

/** Of these roles those that the caller can neither give nor take away. */
export function beyond(caller: Caller, roles: readonly Role[]): Role[] {
  const possible = grantable(caller.roles);
  return roles.filter(role => !possible.includes(role));
}

/** @throws FORBIDDEN when a role is given or taken away that the caller cannot give. @param path of the roles in the request */
export function mustGrant(
  caller: Caller,
  change: { before: readonly Role[]; after: readonly Role[]; path: string },
): void {
  const { before, after, path } = change;
  const changed = [
    ...after.filter(role => !before.includes(role)),
    ...before.filter(role => !after.includes(role)),
  ];
  const [role] = beyond(caller, changed);
  if (role === undefined) return;
  const allowed = grantable(caller.roles).join(', ') || 'none';
  throw new HedgerowError(ERRORS.FORBIDDEN, `you can neither give nor take away the role ${role}`, {
    errors: [{ path, found: role, allowed }],
  });
}

/** May the caller see this organization? */
export function seesOrganization(caller: Caller, { id }: Organization, operation: Operation): boolean {
  const scope = reach(caller, operation);
  return scope === 'all' || (scope !== 'none' && id === caller.organization);
}
