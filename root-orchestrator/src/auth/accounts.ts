/** What a caller can do with users. */
import { HedgerowError } from '@hedgerow/common';
import type { ApiUser, Role } from '@hedgerow/protos';
import type { Collections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { Organization, User } from '../model.ts';
import { viewUser } from '../services/views.ts';
import type { AccountChange } from './account-change.ts';
import { type Caller, reach } from './caller.ts';
import { type Memberships, memberOf, rolesIn, sameRoles } from './memberships.ts';
import type { NewAccount } from './new-account.ts';
import { checkNewPassword } from './password-rules.ts';
import type { Resets } from './resets.ts';
import { mustGrant, type Rights, seesOrganization } from './rights.ts';
import type { Users } from './users.ts';

export interface AccountsDeps {
  collections: Collections;
  users: Users;
  memberships: Memberships;
  rights: Rights;
  resets: Resets;
}

/** of the applications that keep a user from being deleted */
const MOST_NAMED = 5;

export class Accounts {
  readonly #deps: AccountsDeps;

  constructor(deps: AccountsDeps) {
    this.#deps = deps;
  }

  /** Those that the caller sees, with their roles in the organization that he is logged in to. */
  async list(caller: Caller): Promise<ApiUser[]> {
    const organization = await this.#deps.memberships.byId(caller.organization);
    return viewsOf(await this.#seen(caller), organization);
  }

  /** Its members that the caller sees. @throws ORGANIZATION_UNKNOWN */
  async ofOrganization(caller: Caller, id: string): Promise<ApiUser[]> {
    const organization = await this.#deps.memberships.byId(id);
    if (!organization || !seesOrganization(caller, organization, 'user:read')) {
      throw unknownOrganization(`organization with the id ${id}`);
    }
    const members = (await this.#seen(caller)).filter(user => memberOf(organization, user.id));
    return viewsOf(members, organization);
  }

  /** @throws USER_UNKNOWN */
  async get(caller: Caller, name: string): Promise<ApiUser> {
    return this.#view(caller, await this.#deps.rights.named(caller, name));
  }

  /**
   * A member of the caller's organization, or of another one that he reaches.
   * @throws ORGANIZATION_UNKNOWN, USER_EXISTS, FORBIDDEN, BODY_INVALID, TOO_MANY_LOGINS
   */
  async add(caller: Caller, account: NewAccount): Promise<ApiUser> {
    const { roles = [], organization: name, ...rest } = account;
    mustGrant(caller, { before: [], after: roles, path: 'roles' });
    checkNewPassword({ ...account, path: 'password' });
    const id = name === undefined ? caller.organization : (await this.#reached(caller, name)).id;
    const user = await this.#deps.users.add(rest);
    try {
      const joined = await this.#deps.memberships.setRoles(id, user.id, roles);
      if (!joined) throw unknownOrganization(`organization ${name ?? id}`);
      return viewUser(user, rolesIn(joined, user.id));
    } catch (error) {
      await this.#deps.users.remove(user);
      throw error;
    }
  }

  /**
   * Only what differs from what is stored needs a right: clients send the whole user back.
   * @throws USER_UNKNOWN, FORBIDDEN, BODY_INVALID, LAST_ADMIN, TOO_MANY_LOGINS
   */
  async change(caller: Caller, name: string, change: AccountChange): Promise<ApiUser> {
    const user = await this.#deps.rights.named(caller, name);
    const { password, email = user.email } = change;
    if (email !== user.email) await this.#deps.rights.mustReach(caller, user, 'user:update');
    if (password !== undefined) await this.#checkPassword(caller, user, password);
    if (change.roles) await this.#setRoles(caller, user, change.roles);
    const same = email === user.email && password === undefined;
    const next = same
      ? user
      : await this.#deps.users.change(user.id, { email, ...(password ? { password } : {}) });
    if (password !== undefined) await this.#deps.resets.forget(user.id);
    if (next) return this.#view(caller, next);
    throw new HedgerowError(ERRORS.USER_UNKNOWN, `the user ${name} was deleted meanwhile`);
  }

  /**
   * His applications would be nobody's, and another user of his name would get them: so there must be none.
   * @throws USER_UNKNOWN, FORBIDDEN, USER_IN_USE, LAST_ADMIN
   */
  async remove(caller: Caller, name: string): Promise<void> {
    const { users, memberships, rights, resets } = this.#deps;
    const user = await rights.named(caller, name);
    await rights.mustReach(caller, user, 'user:delete');
    await this.#mustOwnNothing(user);
    await memberships.leaveAll(user.id);
    await users.remove(user);
    await resets.forget(user.id);
    // Somebody may have made him a member while he was still there.
    await memberships.leaveAll(user.id);
  }

  async #checkPassword(caller: Caller, user: User, password: string): Promise<void> {
    if (user.id === caller.id) {
      const allowed = 'nothing here: POST /api/user/{username} changes your own, and asks for the old one';
      throw new HedgerowError(ERRORS.BODY_INVALID, `password: allowed: ${allowed}`, {
        errors: [{ path: 'password', found: '(hidden)', allowed }],
      });
    }
    await this.#deps.rights.mustReach(caller, user, 'user:reset');
    checkNewPassword({ password, name: user.name, path: 'password' });
  }

  async #setRoles(caller: Caller, user: User, roles: readonly Role[]): Promise<void> {
    const { memberships } = this.#deps;
    const now = rolesIn(await memberships.byId(caller.organization), user.id);
    if (sameRoles(now, roles)) return;
    // Of the roles that are replaced: somebody else may have changed them since they were read.
    await memberships.setRoles(caller.organization, user.id, roles, before => mayGive(caller, before, roles));
  }

  async #mustOwnNothing({ name }: User): Promise<void> {
    const owned = await this.#deps.collections.applications.find({ owner: name });
    if (owned.length === 0) return;
    const names = owned.slice(0, MOST_NAMED).map(a => `${a.application_name}.${a.application_namespace}`);
    const rest = owned.length > MOST_NAMED ? ` and ${owned.length - MOST_NAMED} more` : '';
    throw new HedgerowError(
      ERRORS.USER_IN_USE,
      `${name} has applications: ${names.join(', ')}${rest}; delete them first`,
    );
  }

  /** Where he may make users. */
  async #reached(caller: Caller, name: string): Promise<Organization> {
    const organization = await this.#deps.memberships.byName(name);
    if (organization && seesOrganization(caller, organization, 'user:create')) return organization;
    throw unknownOrganization(`organization ${name}`);
  }

  async #seen(caller: Caller): Promise<User[]> {
    const { users, memberships } = this.#deps;
    const scope = reach(caller, 'user:read');
    if (scope === 'all') return users.all();
    const organization = scope === 'organization' ? await memberships.byId(caller.organization) : null;
    const ids = new Set([caller.id, ...(organization?.member ?? []).map(({ user_id }) => user_id)]);
    const found = await Promise.all([...ids].sort().map(id => users.byId(id)));
    return found.filter(user => user !== null);
  }

  async #view(caller: Caller, user: User): Promise<ApiUser> {
    return viewUser(user, rolesIn(await this.#deps.memberships.byId(caller.organization), user.id));
  }
}

/** @throws FORBIDDEN */
function mayGive(caller: Caller, before: readonly Role[], roles: readonly Role[]): void {
  if (sameRoles(before, roles)) return;
  if (reach(caller, 'user:roles') === 'none') {
    throw new HedgerowError(ERRORS.FORBIDDEN, 'none of your roles allows user:roles', {
      errors: [{ path: 'roles', found: roles.join(', '), allowed: before.join(', ') }],
    });
  }
  mustGrant(caller, { before, after: roles, path: 'roles' });
}

function unknownOrganization(what: string): HedgerowError {
  return new HedgerowError(ERRORS.ORGANIZATION_UNKNOWN, `there is no ${what}`);
}

function viewsOf(users: readonly User[], organization: Organization | null): ApiUser[] {
  const roles = new Map((organization?.member ?? []).map(member => [member.user_id, member.roles]));
  return users.map(user => viewUser(user, roles.get(user.id) ?? []));
}
