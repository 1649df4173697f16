import type { Clock } from '@hedgerow/common';
import { put } from '@hedgerow/common';
import type { Collections } from '../collections.ts';
import type { Claims } from './tokens.ts';

/** ms; only logging out makes the list grow, so that is when it is swept */
const SWEEP_EVERY = 3_600_000;

/** Refresh tokens that were given back, until they would have expired anyhow. */
export class Revocations {
  readonly #revoked: Collections['revocations'];
  readonly #clock: Clock;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor({ revocations }: Collections, clock: Clock) {
    this.#revoked = revocations;
    this.#clock = clock;
  }

  async has(jti: string): Promise<boolean> {
    return (await this.#revoked.get(jti)) !== null;
  }

  async add({ jti, expires }: Pick<Claims, 'jti' | 'expires'>): Promise<void> {
    await put(this.#revoked, { id: jti, expires });
    if (this.#clock.monotonic() - this.#sweptAt < SWEEP_EVERY) return;
    this.#sweptAt = this.#clock.monotonic();
    const now = this.#clock.now() / 1000;
    for (const old of await this.#revoked.find()) {
      if (old.expires < now) await this.#revoked.remove(old.id);
    }
  }
}
