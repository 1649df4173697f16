/** Lets so many tasks through at a time; the others wait in their order. */
export class Gate {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async run<R>(task: () => Promise<R>): Promise<R> {
    if (this.#inside >= this.#most) await new Promise<void>(resolve => this.#waiting.push(resolve));
    else this.#inside += 1;
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inside -= 1;
    }
  }
}
