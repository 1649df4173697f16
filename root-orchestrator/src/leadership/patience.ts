import type { Clock } from '@hedgerow/common';

/** ms that no request of any root takes; what looks unfinished for longer was left behind by a crash */
export const LONGEST_REQUEST = 120_000;

/** Tells what has been there for long, by this process's own clock: those of other machines are not compared. */
export class Patience {
  readonly #clock: Clock;
  readonly #ms: number;
  #since = new Map<string, number>();

  /** @param ms 0 = none */
  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  /** @param ids all that are there now; others are forgotten @returns those that have been there for long enough */
  over(ids: readonly string[]): Set<string> {
    const now = this.#clock.monotonic();
    this.#since = new Map(ids.map(id => [id, this.#since.get(id) ?? now]));
    return new Set(ids.filter(id => now - (this.#since.get(id) ?? now) >= this.#ms));
  }
}
