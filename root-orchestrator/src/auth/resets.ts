import { createHash } from 'node:crypto';
import { type Clock, HedgerowError, newSecret } from '@hedgerow/common';
import type { Collections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { User } from '../model.ts';

const VALID_SECONDS = 3 * 3600;

export interface ResetToken {
  token: string;
  /** epoch s */
  expires: number;
}

/** Tokens that let somebody set a new password without the old one: once, for three hours, one per user. */
export class Resets {
  readonly #resets: Collections['resets'];
  readonly #clock: Clock;

  constructor({ resets }: Collections, clock: Clock) {
    this.#resets = resets;
    this.#clock = clock;
  }

  /** An earlier one of the same user is worth nothing from now on. Expired ones of others are swept. */
  async make(user: User): Promise<ResetToken> {
    const token = newSecret();
    const now = Math.floor(this.#clock.now() / 1000);
    for (const { id, user_id, expires } of await this.#resets.find()) {
      if (user_id === user.id || expires < now) await this.#resets.remove(id);
    }
    const expires = now + VALID_SECONDS;
    await this.#resets.insert({ id: hashOf(token), user_id: user.id, expires });
    return { token, expires };
  }

  /** @returns the id of the user whose it is. @throws RESET_INVALID */
  async find(token: string): Promise<string> {
    const reset = await this.#resets.get(hashOf(token));
    if (reset && reset.expires >= this.#clock.now() / 1000) return reset.user_id;
    throw invalidReset();
  }

  /** Of two who come with the same token at once one succeeds. @throws RESET_INVALID */
  async use(token: string): Promise<void> {
    if (!(await this.#resets.remove(hashOf(token)))) throw invalidReset();
  }

  async forget(userId: string): Promise<void> {
    for (const { id } of await this.#resets.find({ user_id: userId })) await this.#resets.remove(id);
  }
}

/** Plain SHA-256 is enough: the token is 32 random bytes, not a password. */
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

export function invalidReset(): HedgerowError {
  return new HedgerowError(
    ERRORS.RESET_INVALID,
    'this link is not valid, or not any more; ask for a new one',
  );
}
