/** How a user comes to another password. */
import { type Clock, HedgerowError, type Logger } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Caller } from './caller.ts';
import type { Logins } from './logins.ts';
import { checkNewPassword } from './password-rules.ts';
import { invalidReset, type Resets, type ResetToken } from './resets.ts';
import type { Rights } from './rights.ts';
import { Throttle } from './throttle.ts';
import type { Users } from './users.ts';

export interface PasswordsDeps {
  users: Users;
  rights: Rights;
  resets: Resets;
  logins: Logins;
  clock: Clock;
  log: Logger;
}

export interface PasswordChange {
  oldPassword: string;
  newPassword: string;
}

/** Lines in the log for one user's wishes: five, then ever fewer. */
const ASKING = { free: 5, first: 60_000, longest: 3_600_000 };

export class Passwords {
  readonly #deps: PasswordsDeps;
  readonly #asked: Throttle;

  constructor(deps: PasswordsDeps) {
    this.#deps = deps;
    this.#asked = new Throttle(deps.clock, ASKING);
  }

  /** @throws USER_UNKNOWN, FORBIDDEN, PASSWORD_WRONG, BODY_INVALID, LOGIN_DELAYED, TOO_MANY_LOGINS */
  async change(caller: Caller, name: string, wish: PasswordChange, address: string): Promise<void> {
    const { users, rights, resets, logins } = this.#deps;
    const user = await rights.named(caller, name);
    await rights.mustReach(caller, user, 'user:password');
    const { oldPassword: old, newPassword: password } = wish;
    checkNewPassword({ password, name, path: 'newPassword', old });
    if (!(await logins.isRight({ name, address }, user, old))) {
      throw new HedgerowError(ERRORS.PASSWORD_WRONG, 'the old password is not right', {
        errors: [{ path: 'oldPassword', found: '(hidden)', allowed: 'the password until now' }],
      });
    }
    await users.change(user.id, { password });
    await resets.forget(user.id);
  }

  /** For somebody who cannot log in: the operator is told. Whether there is such a user, the caller is not. */
  async ask(name: string): Promise<void> {
    const user = await this.#deps.users.byName(name);
    if (!user || this.#asked.heldFor(name) > 0) return;
    this.#asked.failed(name);
    this.#deps.log.warn(
      { user: name },
      'asks for a new password; POST /api/user/{username}/reset makes a token for it',
    );
  }

  /** @throws USER_UNKNOWN, FORBIDDEN */
  async makeReset(caller: Caller, name: string): Promise<ResetToken> {
    const user = await this.#deps.rights.named(caller, name);
    await this.#deps.rights.mustReach(caller, user, 'user:reset');
    this.#deps.log.info({ user: name, by: caller.name }, 'made a token to reset a password');
    return this.#deps.resets.make(user);
  }

  /** The token is used up by a password that is taken, not by one that is refused. @throws RESET_INVALID, BODY_INVALID */
  async reset(token: string, password: string): Promise<void> {
    const { users, resets } = this.#deps;
    const user = await users.byId(await resets.find(token));
    if (!user) throw invalidReset();
    checkNewPassword({ password, name: user.name, path: 'password' });
    await resets.use(token);
    await users.change(user.id, { password });
  }
}
