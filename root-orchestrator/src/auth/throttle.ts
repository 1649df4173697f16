import type { Clock } from '@hedgerow/common';

export interface ThrottleRules {
  /** failures that cost nothing */
  free: number;
  /** ms to wait after one more; doubles with each */
  first: number;
  /** ms to wait at most */
  longest: number;
}

interface Record {
  failures: number;
  /** `clock.monotonic()` before which nothing is tried */
  heldUntil: number;
  lastFailure: number;
}

/** ms after its last failure that a key is as good as new */
const FORGOTTEN_AFTER = 15 * 60_000;
/** keys kept; the one that failed longest ago makes room */
const MOST_KEPT = 10_000;

/** Counts failures by key, and says how long the next attempt has to wait. In memory: a restart forgets. */
export class Throttle {
  readonly #clock: Clock;
  readonly #rules: ThrottleRules;
  /** the one that failed last stands last */
  readonly #records = new Map<string, Record>();

  constructor(clock: Clock, rules: ThrottleRules) {
    this.#clock = clock;
    this.#rules = rules;
  }

  /** @returns ms that the key has to wait; 0: it may try */
  heldFor(key: string): number {
    return Math.max(0, (this.#known(key)?.heldUntil ?? 0) - this.#clock.monotonic());
  }

  /** An attempt begins: of a key that has failed too often the next one waits for its end, or for the delay. */
  begin(key: string): void {
    const record = this.#known(key);
    if (record) record.heldUntil = this.#clock.monotonic() + this.#delay(record.failures);
  }

  failed(key: string): void {
    const failures = (this.#known(key)?.failures ?? 0) + 1;
    const now = this.#clock.monotonic();
    this.#records.delete(key);
    this.#records.set(key, { failures, heldUntil: now + this.#delay(failures), lastFailure: now });
    const [oldest] = this.#records.keys();
    if (this.#records.size > MOST_KEPT && oldest !== undefined) this.#records.delete(oldest);
  }

  forget(key: string): void {
    this.#records.delete(key);
  }

  #known(key: string): Record | undefined {
    const record = this.#records.get(key);
    if (!record || this.#clock.monotonic() - record.lastFailure < FORGOTTEN_AFTER) return record;
    this.#records.delete(key);
    return undefined;
  }

  #delay(failures: number): number {
    const beyond = failures - this.#rules.free;
    return beyond < 0 ? 0 : Math.min(this.#rules.longest, this.#rules.first * 2 ** Math.min(beyond, 30));
  }
}
