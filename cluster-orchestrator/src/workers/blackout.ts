/**
 * Workers that were lost together. When nobody at all can be heard it is more likely that this process was cut off than
 * that every machine has died: they come back together, too, each with what it ran. So what was on them is not given to
 * the first one that is back, for as long as the others have to follow.
 */
import type { Clock } from '@hedgerow/common';

export interface BlackoutOptions {
  clock: Clock;
  /** ms from the first return on in which the others have to follow */
  followIn: number;
  /** nobody is awaited any more */
  onOver(): void;
}

export class Blackout {
  readonly #options: BlackoutOptions;
  readonly #lost = new Set<string>();
  #cancel: (() => void) | null = null;

  constructor(options: BlackoutOptions) {
    this.#options = options;
  }

  /** Was it lost with all others, and has not had the time to come back? */
  has(id: string): boolean {
    return this.#lost.has(id);
  }

  begin(ids: Iterable<string>): void {
    this.#cancel?.();
    this.#cancel = null;
    for (const id of ids) this.#lost.add(id);
  }

  /** Somebody is there again, whether or not he was lost. */
  returned(id: string): void {
    if (this.#lost.size === 0) return;
    this.#lost.delete(id);
    this.#cancel ??= this.#options.clock.after(this.#options.followIn, () => this.#end());
    if (this.#lost.size === 0) this.#end();
  }

  forget(id: string): void {
    if (this.#lost.delete(id) && this.#lost.size === 0 && this.#cancel) this.#end();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#lost.clear();
  }

  #end(): void {
    this.stop();
    this.#options.onOver();
  }
}
