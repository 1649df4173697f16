import { type Clock, type Collection, update } from '@hedgerow/common';
import type { Instance } from '../model.ts';
import { looksDifferent } from '../network/entry.ts';
import type { Board } from './board.ts';

interface Parts {
  collection: Collection<Instance>;
  board: Board;
  clock: Clock;
  /** Called when the network table of a service is no longer what it was. */
  touched: (serviceId: string) => void;
}

export type Change = Partial<Omit<Instance, 'id' | 'revision'>>;

/** The stored instances; every read and write keeps the copy in memory and the network table in step. */
export class InstanceStore {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Reads all of them; once, at start. */
  async load(): Promise<void> {
    for (const instance of await this.#parts.collection.find()) this.#keep(instance);
  }

  async read(id: string): Promise<Instance | null> {
    const instance = await this.#parts.collection.get(id);
    if (instance) this.#keep(instance);
    else this.#forget(id);
    return instance;
  }

  /** @param change null = leave it as it is, which costs no write @returns null when there is no such instance */
  async change(id: string, change: (instance: Instance) => Change | null): Promise<Instance | null> {
    const instance = await update(this.#parts.collection, id, current => {
      const changes = change(current);
      return changes && { ...current, ...changes, last_modified_timestamp: this.#parts.clock.now() / 1000 };
    });
    if (instance) this.#keep(instance);
    else this.#forget(id);
    return instance;
  }

  async remove(id: string): Promise<void> {
    await this.#parts.collection.remove(id);
    this.#forget(id);
  }

  #keep(instance: Instance): void {
    const before = this.#parts.board.get(instance.id);
    this.#parts.board.put(instance);
    if (looksDifferent(before, instance)) this.#parts.touched(instance.service_id);
  }

  #forget(id: string): void {
    const before = this.#parts.board.get(id);
    this.#parts.board.drop(id);
    if (before) this.#parts.touched(before.service_id);
  }
}
