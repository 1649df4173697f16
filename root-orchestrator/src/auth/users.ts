/** The people who may use the API, as stored. What a caller may do with them is in accounts.ts. */
import {
  type Clock,
  HedgerowError,
  isErrorOf,
  type New,
  newId,
  STORE_ERRORS,
  type Turns,
  update,
} from '@hedgerow/common';
import type { Collections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { User } from '../model.ts';
import { claimName, releaseName } from './names.ts';
import { hashPassword } from './password.ts';

export interface NewUser {
  name: string;
  password: string;
  email?: string;
  created_at?: string;
}

export interface UserChange {
  email?: string;
  password?: string;
}

export interface UsersDeps {
  collections: Collections;
  clock: Clock;
  /** hashing has its turn like every login */
  turns: Turns;
}

export class Users {
  readonly #deps: UsersDeps;

  constructor(deps: UsersDeps) {
    this.#deps = deps;
  }

  async byName(name: string): Promise<User | null> {
    return (await this.#deps.collections.users.find({ name }))[0] ?? null;
  }

  byId(id: string): Promise<User | null> {
    return this.#deps.collections.users.get(id);
  }

  /** In order of id. */
  all(): Promise<User[]> {
    return this.#deps.collections.users.find();
  }

  /** @param id a fresh one when left out. @throws USER_EXISTS, TOO_MANY_LOGINS */
  async add(user: NewUser, id = newId(this.#deps.clock.now())): Promise<User> {
    const { collections } = this.#deps;
    const document = await this.#document(id, user);
    if (!(await claimName(collections, 'user', user.name, id))) throw taken(user.name);
    try {
      return await collections.users.insert(document);
    } catch (error) {
      if (isErrorOf(error, STORE_ERRORS.STORE_DUPLICATE)) throw taken(user.name);
      // The write may have happened all the same: then the name is his.
      if (!(await collections.users.get(id))) await releaseName(collections, 'user', user.name, id);
      throw error;
    }
  }

  /** A new password ends every login. @returns null when the user is gone. @throws TOO_MANY_LOGINS */
  async change(id: string, { email, password }: UserChange): Promise<User | null> {
    const { collections, turns } = this.#deps;
    const password_hash = password === undefined ? null : await turns.run(() => hashPassword(password));
    return update(collections.users, id, user => ({
      ...user,
      email: email ?? user.email,
      ...(password_hash === null ? {} : { password_hash, token_version: user.token_version + 1 }),
    }));
  }

  async remove({ id, name }: User): Promise<void> {
    await this.#deps.collections.users.remove(id);
    await releaseName(this.#deps.collections, 'user', name, id);
  }

  async #document(id: string, user: NewUser): Promise<New<User>> {
    return {
      id,
      name: user.name,
      email: user.email ?? '',
      created_at: user.created_at || dayAndTime(this.#deps.clock.now()),
      password_hash: await this.#deps.turns.run(() => hashPassword(user.password)),
      token_version: 0,
    };
  }
}

function taken(name: string): HedgerowError {
  return new HedgerowError(ERRORS.USER_EXISTS, `there is a user ${name} already`, {
    errors: [
      { path: 'name', found: name, allowed: 'a name that is free; upper and lower case are the same' },
    ],
  });
}

/** `dd/mm/YYYY HH:MM`, UTC, as the dashboard shows it */
function dayAndTime(now: number): string {
  const [date, time] = new Date(now).toISOString().split('T') as [string, string];
  return `${date.split('-').reverse().join('/')} ${time.slice(0, 5)}`;
}
