/** What a caller can do with organizations. */
import { type FieldError, HedgerowError } from '@hedgerow/common';
import type { ApiOrganization, Role } from '@hedgerow/protos';
import type { Collections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { Organization } from '../model.ts';
import { type Caller, reach } from './caller.ts';
import { inOrder, type Member, type Memberships, ROOT } from './memberships.ts';
import { mustGrant, seesOrganization } from './rights.ts';
import type { Users } from './users.ts';

export interface OrganizationsDeps {
  collections: Collections;
  users: Users;
  memberships: Memberships;
}

export interface OrganizationChange {
  name?: string;
  /** takes the place of all that are there */
  member?: readonly Member[];
}

export class Organizations {
  readonly #deps: OrganizationsDeps;

  constructor(deps: OrganizationsDeps) {
    this.#deps = deps;
  }

  /** Those that the caller sees. */
  async list(caller: Caller): Promise<ApiOrganization[]> {
    const all = await this.#deps.memberships.all();
    return all.filter(one => seesOrganization(caller, one, 'organization:read')).map(viewOrganization);
  }

  /** @returns its id. @throws ORGANIZATION_EXISTS, BODY_INVALID, FORBIDDEN */
  async add(caller: Caller, name: string, member: readonly Member[]): Promise<string> {
    const members = await this.#checked(member, []);
    mustChangeMembers(caller, [], members);
    return (await this.#deps.memberships.add(name, members)).id;
  }

  /** @throws ORGANIZATION_UNKNOWN, ORGANIZATION_EXISTS, ROOT_ORGANIZATION, BODY_INVALID, FORBIDDEN, LAST_ADMIN */
  async change(caller: Caller, id: string, { name, member }: OrganizationChange): Promise<void> {
    const known = await this.#named(caller, id);
    const wanted = member && (await this.#checked(member, known.member));
    const changed = await this.#deps.memberships.change(id, current => {
      if (wanted) mustChangeMembers(caller, current.member, wanted);
      return { ...current, name: name ?? current.name, member: wanted ?? current.member };
    });
    if (!changed) throw unknown(id);
  }

  /** Its applications would be nobody's. @throws ORGANIZATION_UNKNOWN, ROOT_ORGANIZATION, ORGANIZATION_IN_USE */
  async remove(caller: Caller, id: string): Promise<void> {
    const organization = await this.#named(caller, id);
    if (organization.name === ROOT)
      throw new HedgerowError(ERRORS.ROOT_ORGANIZATION, 'root cannot be deleted');
    const known = await Promise.all(organization.member.map(({ user_id }) => this.#deps.users.byId(user_id)));
    const members = known.filter(user => user !== null).map(({ name }) => name);
    if (members.length > 0) throw inUse(organization, 'members', members);
    const owned = await this.#deps.collections.applications.find({ organization_id: id });
    if (owned.length > 0) {
      throw inUse(
        organization,
        'applications',
        owned.map(({ application_name: name, application_namespace: space }) => `${name}.${space}`),
      );
    }
    await this.#deps.memberships.remove(organization);
  }

  async #named(caller: Caller, id: string): Promise<Organization> {
    const organization = await this.#deps.memberships.byId(id);
    if (organization && seesOrganization(caller, organization, 'organization:read')) return organization;
    throw unknown(id);
  }

  /** Members that were deleted meanwhile are left out without a word: the client has an old list. */
  async #checked(member: readonly Member[], before: readonly Member[]): Promise<Member[]> {
    const users = await Promise.all(member.map(({ user_id }) => this.#deps.users.byId(user_id)));
    const errors = member.flatMap(({ user_id }, index): FieldError[] => {
      const path = `member.${index}.user_id`;
      if (member.findIndex(other => other.user_id === user_id) < index) {
        return [{ path, found: user_id, allowed: 'each user once' }];
      }
      const stale = before.some(old => old.user_id === user_id);
      return users[index] || stale ? [] : [unknownMember(path, user_id)];
    });
    if (errors.length > 0) throw invalid(errors);
    return member
      .filter((_, index) => users[index])
      .map(({ user_id, roles }) => ({ user_id, roles: inOrder(roles) }));
  }
}

/** Who sees only the users of his own organization adds nobody to it: to him others do not exist. */
function mustChangeMembers(caller: Caller, before: readonly Member[], after: readonly Member[]): void {
  if (reach(caller, 'user:read') !== 'all') {
    const errors = after.flatMap(({ user_id }, index) =>
      before.some(member => member.user_id === user_id)
        ? []
        : [unknownMember(`member.${index}.user_id`, user_id)],
    );
    if (errors.length > 0) throw invalid(errors);
  }
  for (const id of new Set([...before, ...after].map(({ user_id }) => user_id))) {
    const index = after.findIndex(({ user_id }) => user_id === id);
    const path = index < 0 ? 'member' : `member.${index}.roles`;
    mustGrant(caller, { before: rolesOf(before, id), after: rolesOf(after, id), path });
  }
}

function rolesOf(members: readonly Member[], id: string): readonly Role[] {
  return members.find(({ user_id }) => user_id === id)?.roles ?? [];
}

function viewOrganization({ id, name, member }: Organization): ApiOrganization {
  return { _id: { $oid: id }, name, member };
}

function unknownMember(path: string, found: string): FieldError {
  return { path, found, allowed: 'the id of a user' };
}

function invalid(errors: FieldError[]): HedgerowError {
  const [first] = errors;
  return new HedgerowError(ERRORS.BODY_INVALID, `${first?.path}: allowed: ${first?.allowed}`, { errors });
}

function unknown(id: string): HedgerowError {
  return new HedgerowError(ERRORS.ORGANIZATION_UNKNOWN, `there is no organization with the id ${id}`);
}

const MOST_NAMED = 5;

function inUse({ name }: Organization, what: string, names: readonly string[]): HedgerowError {
  const rest = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  const listed = names.slice(0, MOST_NAMED).join(', ');
  return new HedgerowError(ERRORS.ORGANIZATION_IN_USE, `${name} still has ${what}: ${listed}${rest}`);
}
