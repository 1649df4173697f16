/** Simulated time: what is due happens in order, each with everything that follows from it before the next. */
import type { Turns } from './turns.ts';

interface Entry {
  at: number;
  order: number;
  run: (() => void) | null;
}

export class Timeline {
  /** ms since the beginning */
  now = 0;
  readonly #turns: Turns;
  #order = 0;
  readonly #heap: Entry[] = [];

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** @returns cancels it */
  after(ms: number, run: () => void): () => void {
    const entry: Entry = { at: this.now + Math.max(0, ms), order: this.#order++, run };
    this.#push(entry);
    return () => {
      entry.run = null;
    };
  }

  /** What is put off to the next turn waits. @returns goes on */
  holdTurn(): () => void {
    return this.#turns.hold();
  }

  /** @param seen called when all that followed from one moment has happened @returns early when it says so */
  async runUntil(until: number, seen: () => boolean): Promise<void> {
    await this.#turns.settle();
    for (let next = this.#heap[0]; next && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      if (!next.run) continue;
      this.now = next.at;
      next.run();
      await this.#turns.settle();
      if (seen()) return;
    }
    this.now = until;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent] as Entry)) break;
      heap[at] = heap[parent] as Entry;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const least = right < heap.length && before(heap[right] as Entry, heap[left] as Entry) ? right : left;
      if (!before(heap[least] as Entry, last)) break;
      heap[at] = heap[least] as Entry;
      at = least;
    }
    heap[at] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
