/** The organizations, as stored, and who is a member with which roles. What a caller may do is in organizations.ts. */
import {
  type Clock,
  HedgerowError,
  isErrorOf,
  type New,
  newId,
  STORE_ERRORS,
  update,
} from '@hedgerow/common';
import { ROLES, type Role } from '@hedgerow/protos';
import type { Collections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { Organization } from '../model.ts';
import { claimName, releaseName, sameName } from './names.ts';

export type Member = Organization['member'][number];

/** The organization that a login without a word about it means. It is always there, and always has an Admin. */
export const ROOT = 'root';

export class Memberships {
  readonly #collections: Collections;
  readonly #clock: Clock;

  constructor(collections: Collections, clock: Clock) {
    this.#collections = collections;
    this.#clock = clock;
  }

  byId(id: string): Promise<Organization | null> {
    return this.#collections.organizations.get(id);
  }

  async byName(name: string): Promise<Organization | null> {
    return (await this.#collections.organizations.find({ name }))[0] ?? null;
  }

  /** In order of id. */
  all(): Promise<Organization[]> {
    return this.#collections.organizations.find();
  }

  /** Those that the user is a member of. */
  async of(userId: string): Promise<Organization[]> {
    return (await this.all()).filter(organization => memberOf(organization, userId) !== undefined);
  }

  /** @param id a fresh one when left out. @throws ORGANIZATION_EXISTS */
  async add(name: string, member: Member[], id = newId(this.#clock.now())): Promise<Organization> {
    if (!(await claimName(this.#collections, 'organization', name, id))) throw taken(name);
    try {
      return await this.#collections.organizations.insert({ id, name, member });
    } catch (error) {
      if (isErrorOf(error, STORE_ERRORS.STORE_DUPLICATE)) throw taken(name);
      // The write may have happened all the same: then the name is its own.
      if (!(await this.byId(id))) await releaseName(this.#collections, 'organization', name, id);
      throw error;
    }
  }

  /**
   * @param change may throw; then nothing was changed
   * @returns null when the organization is gone
   * @throws LAST_ADMIN, ROOT_ORGANIZATION, ORGANIZATION_EXISTS
   */
  async change(
    id: string,
    change: (current: Organization) => New<Organization>,
  ): Promise<Organization | null> {
    const before = await this.byId(id);
    if (!before) return null;
    const { name } = change(before);
    if (name === before.name) return this.#write(id, change);
    if (before.name === ROOT) throw new HedgerowError(ERRORS.ROOT_ORGANIZATION, 'root keeps its name');
    if (!(await claimName(this.#collections, 'organization', name, id))) throw taken(name);
    const after = await this.#write(id, change);
    if (!sameName(name, before.name)) {
      await releaseName(this.#collections, 'organization', before.name, id);
    }
    return after;
  }

  /**
   * Makes him a member where he is none.
   * @param check may throw; it is told the roles that these take the place of
   * @throws LAST_ADMIN
   */
  setRoles(
    id: string,
    userId: string,
    roles: readonly Role[],
    check: (before: readonly Role[]) => void = () => {},
  ): Promise<Organization | null> {
    return this.change(id, organization => {
      check(rolesIn(organization, userId));
      return {
        ...organization,
        member: [
          ...organization.member.filter(({ user_id }) => user_id !== userId),
          { user_id: userId, roles: inOrder(roles) },
        ],
      };
    });
  }

  /** Ends every membership; that in `root` first, which may be refused. @throws LAST_ADMIN */
  async leaveAll(userId: string): Promise<void> {
    const left = (await this.of(userId)).sort((a, b) => Number(b.name === ROOT) - Number(a.name === ROOT));
    for (const { id } of left)
      await this.change(id, organization => ({
        ...organization,
        member: organization.member.filter(({ user_id }) => user_id !== userId),
      }));
  }

  /** @throws STORE_STALE when it was changed meanwhile */
  async remove({ id, name, revision }: Organization): Promise<void> {
    const removed = await this.#collections.organizations.remove(id, revision);
    if (!removed)
      throw new HedgerowError(STORE_ERRORS.STORE_STALE, `${name} was changed meanwhile; try again`);
    await releaseName(this.#collections, 'organization', name, id);
  }

  /** One document, so that of two Admins who turn each other out only one succeeds. */
  #write(id: string, change: (current: Organization) => New<Organization>): Promise<Organization | null> {
    return update(this.#collections.organizations, id, before => {
      const after = change(before);
      if (before.name === ROOT && hasAdmin(before) && !hasAdmin(after)) {
        throw new HedgerowError(ERRORS.LAST_ADMIN, 'this would leave organization root without an Admin');
      }
      return after;
    });
  }
}

export function memberOf({ member }: Pick<Organization, 'member'>, userId: string): Member | undefined {
  return member.find(({ user_id }) => user_id === userId);
}

/** None when the user is no member. */
export function rolesIn(organization: Pick<Organization, 'member'> | null, userId: string): Role[] {
  return (organization && memberOf(organization, userId)?.roles) ?? [];
}

/** In whatever order. */
export function sameRoles(one: readonly Role[], other: readonly Role[]): boolean {
  return one.length === other.length && one.every(role => other.includes(role));
}

/** Each once. */
export function inOrder(roles: readonly Role[]): Role[] {
  return ROLES.filter(role => roles.includes(role));
}

export function hasAdmin({ member }: Pick<Organization, 'member'>): boolean {
  return member.some(({ roles }) => roles.includes('Admin'));
}

function taken(name: string): HedgerowError {
  return new HedgerowError(ERRORS.ORGANIZATION_EXISTS, `there is an organization ${name} already`, {
    errors: [
      { path: 'name', found: name, allowed: 'a name that is free; upper and lower case are the same' },
    ],
  });
}
