import { type Clock, messageOf } from '@hedgerow/common';
import type { HealthCheck } from '@hedgerow/protos';
import { afterResult, beginHealth, type Health, type Result, untilFirst, untilNext } from './health.ts';

/** What is checked. */
export interface Target {
  container: string;
  /** the container's own; "" without an overlay */
  address: string;
}

/** Makes one check, in the check's own timeout. @param signal gives it up */
export type Probe = (check: HealthCheck, target: Target, signal: AbortSignal) => Promise<Result>;

export interface MonitorParts {
  clock: Clock;
  probe: Probe;
  /** 0 … 1 */
  random: () => number;
}

export interface MonitorOptions {
  check: HealthCheck;
  target: Target;
  /** it has passed before */
  passed: boolean;
  /** Called when the state has changed. */
  changed: () => void;
}

/** Checks one process, one check at a time, until it has failed or is stopped. */
export class Monitor {
  readonly #parts: MonitorParts;
  readonly #options: MonitorOptions;
  readonly #ending = new AbortController();
  #health: Health;
  #cancel = (): void => {};

  constructor(parts: MonitorParts, options: MonitorOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#health = beginHealth(parts.clock.monotonic(), options.passed);
    this.#wait(options.passed ? this.#spread() : this.#next());
  }

  get state(): Health['state'] {
    return this.#health.state;
  }

  /** Why it has failed. */
  get why(): string {
    return this.#health.why;
  }

  /** A check that is under way is given up. */
  stop(): void {
    this.#ending.abort();
    this.#cancel();
  }

  #wait(ms: number): void {
    this.#cancel = this.#parts.clock.after(ms, () => void this.#turn());
  }

  async #turn(): Promise<void> {
    const { check, target } = this.#options;
    const result = await this.#parts
      .probe(check, target, this.#ending.signal)
      .catch((error: unknown): Result => ({ outcome: 'unknown', why: messageOf(error) }));
    if (this.#ending.signal.aborted) return;
    const { state } = this.#health;
    this.#health = afterResult(check, this.#health, result, this.#parts.clock.monotonic());
    const passedNow = state === 'waiting' && this.state === 'passed';
    if (this.state !== 'failed') this.#wait(passedNow ? this.#spread() : this.#next());
    if (this.state !== state) this.#options.changed();
  }

  #spread(): number {
    return untilFirst(this.#options.check, this.#parts.random());
  }

  #next(): number {
    return untilNext(this.#options.check, this.#health, this.#parts.clock.monotonic());
  }
}
