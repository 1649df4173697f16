import type { Clock } from '@hedgerow/common';

/** How long a task keeps others waiting; it goes on beyond that, and does not count any more. */
export interface Patience {
  clock: Clock;
  ms: number;
}

/** At most `limit` tasks at a time, first come first served. */
export class Limiter {
  readonly #limit: number;
  readonly #patience: Patience | null;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limit: number, patience: Patience | null = null) {
    this.#limit = limit;
    this.#patience = patience;
  }

  async run<R>(task: () => Promise<R>): Promise<R> {
    if (this.#running >= this.#limit) await new Promise<void>(resolve => this.#waiting.push(resolve));
    else this.#running++;
    const giveBack = this.#turn();
    try {
      return await task();
    } finally {
      giveBack();
    }
  }

  /** @returns ends it, if it has not ended */
  #turn(): () => void {
    let isOver = false;
    const giveBack = (): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    };
    const cancel = this.#patience?.clock.after(this.#patience.ms, giveBack) ?? (() => {});
    return giveBack;
  }
}
