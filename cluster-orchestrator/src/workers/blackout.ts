/**
 * Workers that were lost together. When nobody at all can be heard it is more likely that this process was cut off than
 * that every machine has died: they come back together, too, each with what it ran. So what was on them is not given to
 * the first one that is back, for as long as the others have to follow. That time runs while somebody is there: a link
 * that flaps takes nothing of it away.
 */
import type { Clock } from '@hedgerow/common';

export interface BlackoutOptions {
  clock: Clock;
  /** ms with somebody there in which the others have to follow */
  followIn: number;
  /** somebody is awaited no more */
  onOver(): void;
}

export class Blackout {
  readonly #options: BlackoutOptions;
  /** ms that each has left */
  readonly #lost = new Map<string, number>();
  #isRunning = false;
  /** monotonic ms up to which time was taken off */
  #countedAt = 0;
  #cancel: () => void = () => {};

  constructor(options: BlackoutOptions) {
    this.#options = options;
  }

  /** Was it lost with all others, and has not had the time to come back? */
  has(id: string): boolean {
    return this.#lost.has(id);
  }

  /** Is anybody but this one awaited? */
  hasOther(id: string): boolean {
    return this.#lost.size > (this.#lost.has(id) ? 1 : 0);
  }

  /** Who is awaited already has no more time for it. */
  begin(ids: Iterable<string>): void {
    this.#count();
    for (const id of ids) if (!this.#lost.has(id)) this.#lost.set(id, this.#options.followIn);
    this.#arm();
  }

  /** @param somebody is anybody there, whether or not he was lost? */
  run(somebody: boolean): void {
    if (somebody === this.#isRunning) return;
    this.#count();
    this.#isRunning = somebody;
    this.#arm();
  }

  /** It is there again, or gone for good. */
  forget(id: string): void {
    if (!this.#lost.delete(id)) return;
    this.#count();
    this.#arm();
    if (this.#lost.size === 0) this.#options.onOver();
  }

  stop(): void {
    this.#cancel();
    this.#lost.clear();
  }

  #count(): void {
    const now = this.#options.clock.monotonic();
    const passed = this.#isRunning ? now - this.#countedAt : 0;
    this.#countedAt = now;
    if (passed > 0) for (const [id, left] of this.#lost) this.#lost.set(id, left - passed);
  }

  #arm(): void {
    this.#cancel();
    this.#cancel = () => {};
    if (!this.#isRunning || this.#lost.size === 0) return;
    let soonest = Number.POSITIVE_INFINITY;
    for (const left of this.#lost.values()) soonest = Math.min(soonest, left);
    this.#cancel = this.#options.clock.after(Math.max(soonest, 0), () => this.#due());
  }

  #due(): void {
    this.#count();
    for (const [id, left] of this.#lost) if (left <= 0) this.#lost.delete(id);
    this.#arm();
    this.#options.onOver();
  }
}
