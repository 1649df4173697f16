import { isErrorOf } from '../errors.ts';
import { type Document, STORE_ERRORS, type Store } from '../store/store.ts';

interface Probe extends Document {
  filling: string;
}

const COLLECTION = 'room';
/** bytes: more than the page that a file may have left */
const SIZE = 32 * 1024;

/** Does a store have room? What was written to it last says so, and where that found none, a write of its own asks anew. */
export class Room {
  readonly #store: Store;
  #isFull = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** A write ended. @param error null = it is stored */
  wrote(error: unknown): void {
    if (error === null) this.#isFull = false;
    else if (isErrorOf(error, STORE_ERRORS.STORE_FULL)) this.#isFull = true;
  }

  /** @throws STORE_FULL, and what a store throws that takes nothing for another reason */
  async check(): Promise<void> {
    if (!this.#isFull) return;
    const probes = this.#store.collection<Probe>(COLLECTION, []);
    await probes.remove(COLLECTION);
    await probes.insert({ id: COLLECTION, filling: ' '.repeat(SIZE) });
    await probes.remove(COLLECTION);
    this.#isFull = false;
  }
}
