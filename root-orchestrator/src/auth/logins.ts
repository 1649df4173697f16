import { HedgerowError, type Turns } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { User } from '../model.ts';
import type { Attempt, LoginGuard } from './guard.ts';
import { type Memberships, ROOT, rolesIn } from './memberships.ts';
import { NOBODYS_HASH, verifyPassword } from './password.ts';
import type { Login } from './tokens.ts';
import type { Users } from './users.ts';

export interface LoginsDeps {
  users: Users;
  memberships: Memberships;
  guard: LoginGuard;
  turns: Turns;
}

export class Logins {
  readonly #deps: LoginsDeps;

  constructor(deps: LoginsDeps) {
    this.#deps = deps;
  }

  /**
   * Who is no member of the organization is let in without a role. An unknown user takes as long as a wrong password.
   * @param organization name; "" = root
   * @throws LOGIN_FAILED, LOGIN_DELAYED, TOO_MANY_LOGINS; ORGANIZATION_UNKNOWN, which only the right password is told
   */
  async login(attempt: Attempt, password: string, organization: string): Promise<Login> {
    const user = await this.#deps.users.byName(attempt.name);
    if (!(await this.isRight(attempt, user, password)) || !user) {
      throw new HedgerowError(ERRORS.LOGIN_FAILED, 'unknown user or wrong password');
    }
    const found = await this.#deps.memberships.byName(organization || ROOT);
    if (!found) {
      throw new HedgerowError(ERRORS.ORGANIZATION_UNKNOWN, `there is no organization ${organization}`);
    }
    const { id, name, token_version: version } = user;
    return { id, name, version, organization: found.id, roles: rolesIn(found, id) };
  }

  /** @throws LOGIN_DELAYED, TOO_MANY_LOGINS */
  async isRight(attempt: Attempt, user: User | null, password: string): Promise<boolean> {
    const { guard, turns } = this.#deps;
    guard.check(attempt);
    return turns.run(async () => {
      // Others may have failed while this one waited for its turn.
      guard.begin(attempt);
      const right = await verifyPassword(password, user?.password_hash ?? NOBODYS_HASH);
      if (right) guard.succeeded(attempt);
      else guard.failed(attempt);
      return right;
    });
  }
}
