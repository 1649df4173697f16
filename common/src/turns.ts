import type { Clock } from './clock.ts';

export interface TurnsOptions {
  /** tasks that run side by side */
  atOnce: number;
  /** tasks that may wait for their turn */
  waiting: number;
  /** what a task that would wait too long is refused with */
  refuse: () => Error;
  /** ms that a task may wait; for ever when left out */
  patience?: { clock: Clock; ms: number };
}

/** Begins what waits. */
type Waiter = () => void;

/** Runs so many tasks at once, in the order in which they came; what would wait too long is refused. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #queue = new Set<Waiter>();
  #running = 0;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** @throws what `refuse` returns, and what the task throws */
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
    if (this.#queue.size >= this.#options.waiting) throw this.#options.refuse();
    await this.#wait();
  }

  #wait(): Promise<void> {
    const { patience, refuse } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = patience?.clock.after(patience.ms, () => {
        this.#queue.delete(begin);
        reject(refuse());
      });
      const begin = (): void => {
        cancel?.();
        resolve();
      };
      this.#queue.add(begin);
    });
  }

  /** The turn goes to whoever waits longest, so that nobody new gets in between. */
  #pass(): void {
    const [next] = this.#queue;
    if (!next) {
      this.#running -= 1;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}
