/**
 * Placements on their way: from the root's wish until the broker has the worker's order. So many may be; a broker or
 * a worker that takes nothing costs refusals, and no memory without end.
 */

/** Of all workers together. */
const MOST = 5000;

export class Orders {
  readonly #changed: (workerId: string, waiting: number) => void;
  readonly #byWorker = new Map<string, number>();
  readonly #most: number;
  #placing = 0;
  #waiting = 0;

  /** @param changed is told how many orders wait for a worker */
  constructor(changed: (workerId: string, waiting: number) => void, most = MOST) {
    this.#changed = changed;
    this.#most = most;
  }

  /** Placements that are being decided, and orders that wait. */
  get underWay(): number {
    return this.#placing + this.#waiting;
  }

  get full(): boolean {
    return this.underWay >= this.#most;
  }

  async placing<R>(task: () => Promise<R>): Promise<R> {
    this.#placing += 1;
    try {
      return await task();
    } finally {
      this.#placing -= 1;
    }
  }

  /** @param task ends when the worker's broker has the order */
  async to<R>(workerId: string, task: () => Promise<R>): Promise<R> {
    this.#count(workerId, 1);
    try {
      return await task();
    } finally {
      this.#count(workerId, -1);
    }
  }

  #count(workerId: string, by: 1 | -1): void {
    this.#waiting += by;
    const waiting = (this.#byWorker.get(workerId) ?? 0) + by;
    if (waiting === 0) this.#byWorker.delete(workerId);
    else this.#byWorker.set(workerId, waiting);
    this.#changed(workerId, waiting);
  }
}
