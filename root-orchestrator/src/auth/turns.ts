import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

export interface TurnsOptions {
  /** tasks that run side by side */
  atOnce: number;
  /** tasks that may wait for their turn */
  waiting: number;
}

/** Runs so many tasks at once, in the order in which they came; what would wait too long is refused. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** @throws TOO_MANY_LOGINS, and what the task throws */
  async run<R>(task: () => Promise<R>): Promise<R> {
    await this.#turn();
    try {
      return await task();
    } finally {
      this.#pass();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running < this.#options.atOnce) {
      this.#running += 1;
      return;
    }
    if (this.#queue.length >= this.#options.waiting) {
      throw new HedgerowError(ERRORS.TOO_MANY_LOGINS, 'too many logins at once; try again in a few seconds');
    }
    await new Promise<void>(resolve => this.#queue.push(resolve));
  }

  /** The turn goes to whoever waits longest, so that nobody new gets in between. */
  #pass(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#running -= 1;
  }
}
