/** The people who may use the API. Roles are read from the store on every request, never from a token. */
import {
  type Clock,
  HedgerowError,
  isErrorOf,
  type New,
  newId,
  STORE_ERRORS,
  update,
} from '@hedgerow/common';
import type { Collections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { User } from '../model.ts';
import { type Caller, reach } from './caller.ts';
import type { Role } from './matrix.ts';
import { hashPassword, NOBODYS_HASH, verifyPassword } from './password.ts';

export interface NewUser {
  name: string;
  password: string;
  email?: string;
  created_at?: string;
  roles?: readonly Role[];
}

/** A login costs 16 MiB and tens of ms of CPU; one runs at a time, and so many may wait. */
const MOST_WAITING = 32;

export class Users {
  readonly #collections: Collections;
  readonly #clock: Clock;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(collections: Collections, clock: Clock) {
    this.#collections = collections;
    this.#clock = clock;
  }

  async byName(name: string): Promise<User | null> {
    return (await this.#collections.users.find({ name }))[0] ?? null;
  }

  byId(id: string): Promise<User | null> {
    return this.#collections.users.get(id);
  }

  /** @returns the user when the caller may see him */
  async seenBy(caller: Caller, id: string): Promise<User | null> {
    return id === caller.id || reach(caller, 'user:read') === 'all' ? this.byId(id) : null;
  }

  /** @throws USER_EXISTS */
  async add(user: NewUser): Promise<User> {
    const id = newId(this.#clock.now());
    const document = await this.#document(id, user);
    await this.#claimName(user.name, id);
    try {
      return await this.#collections.users.insert(document);
    } catch (error) {
      await this.#collections.claims.remove(nameClaim(user.name));
      throw error;
    }
  }

  async setPassword(id: string, password: string): Promise<void> {
    const password_hash = await hashPassword(password);
    await update(this.#collections.users, id, user => ({ ...user, password_hash }));
  }

  /** An unknown user takes as long as a wrong password. @throws LOGIN_FAILED, TOO_MANY_LOGINS */
  async login(name: string, password: string): Promise<User> {
    const user = await this.byName(name);
    const right = await this.#inTurn(() => verifyPassword(password, user?.password_hash ?? NOBODYS_HASH));
    if (user && right) return user;
    throw new HedgerowError(ERRORS.LOGIN_FAILED, 'unknown user or wrong password');
  }

  async #document(id: string, user: NewUser): Promise<New<User>> {
    return {
      id,
      name: user.name,
      email: user.email ?? '',
      created_at: user.created_at ?? dayAndTime(this.#clock.now()),
      roles: [...(user.roles ?? [])],
      password_hash: await hashPassword(user.password),
      tokens_valid_from: 0,
    };
  }

  async #claimName(name: string, id: string): Promise<void> {
    try {
      await this.#collections.claims.insert({ id: nameClaim(name), owner: `user/${id}` });
    } catch (error) {
      if (!isErrorOf(error, STORE_ERRORS.STORE_DUPLICATE)) throw error;
      throw new HedgerowError(ERRORS.USER_EXISTS, `there is a user ${name} already`, {
        errors: [{ path: 'name', found: name, allowed: 'a name that is free' }],
      });
    }
  }

  async #inTurn<R>(task: () => Promise<R>): Promise<R> {
    if (this.#waiting >= MOST_WAITING) {
      throw new HedgerowError(ERRORS.TOO_MANY_LOGINS, 'too many logins at once; try again in a few seconds');
    }
    this.#waiting += 1;
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result.finally(() => {
      this.#waiting -= 1;
    });
  }
}

function nameClaim(name: string): string {
  return `user-name/${name}`;
}

/** `dd/mm/YYYY HH:MM`, UTC, as the dashboard shows it */
function dayAndTime(now: number): string {
  const [date, time] = new Date(now).toISOString().split('T') as [string, string];
  return `${date.split('-').reverse().join('/')} ${time.slice(0, 5)}`;
}
