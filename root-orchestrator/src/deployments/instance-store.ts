import { type Clock, type Collection, HedgerowError, update } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Reign } from '../leadership/leadership.ts';
import type { Instance } from '../model.ts';
import { looksDifferent } from '../network/entry.ts';
import type { Board } from './board.ts';

interface Parts {
  collection: Collection<Instance>;
  board: Board;
  reign: Reign;
  clock: Clock;
  /** Called when the network table of a service is no longer what it was. */
  touched: (serviceId: string) => void;
}

export type Change = Partial<Omit<Instance, 'id' | 'revision'>>;

/** @param before undefined = not known until now @param after as it is stored */
type Listener = (before: Instance | undefined, after: Instance) => void;

/** The stored instances. The copy in memory and the network table follow every write, whoever it is by. */
export class InstanceStore {
  readonly #parts: Parts;
  #unwatch = (): void => {};
  #tell: Listener = () => {};

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Reads all of them. @param listener hears of changes from then on */
  async start(listener: Listener): Promise<void> {
    this.#unwatch = this.#parts.collection.watch((id, instance) => {
      if (instance) this.#keep(instance);
      else this.#forget(id);
    });
    for (const instance of await this.#parts.collection.find()) this.#keep(instance);
    this.#tell = listener;
  }

  stop(): void {
    this.#unwatch();
  }

  async read(id: string): Promise<Instance | null> {
    const instance = await this.#parts.collection.get(id);
    if (instance) this.#keep(instance);
    else this.#forget(id);
    return instance;
  }

  /**
   * @param change null = leave it as it is, which costs no write
   * @returns null when there is no such instance
   * @throws NOT_LEADING
   */
  async change(id: string, change: (instance: Instance) => Change | null): Promise<Instance | null> {
    const instance = await update(this.#parts.collection, id, current => {
      const changes = change(current);
      if (changes === null) return null;
      this.#checkReign();
      return { ...current, ...changes, last_modified_timestamp: this.#parts.clock.now() / 1000 };
    });
    if (instance) this.#keep(instance);
    else this.#forget(id);
    return instance;
  }

  /** @throws NOT_LEADING */
  async remove(id: string): Promise<void> {
    this.#checkReign();
    await this.#parts.collection.remove(id);
    this.#forget(id);
  }

  /** A root that was paused may believe that it leads while another one does. */
  #checkReign(): void {
    if (this.#parts.reign.isValid()) return;
    throw new HedgerowError(ERRORS.NOT_LEADING, 'this root leads no more');
  }

  /** What is told late may be older than what is known. */
  #keep(instance: Instance): void {
    const before = this.#parts.board.get(instance.id);
    if (before && before.revision >= instance.revision) return;
    this.#parts.board.put(instance);
    if (looksDifferent(before, instance)) this.#parts.touched(instance.service_id);
    this.#tell(before, instance);
  }

  #forget(id: string): void {
    const before = this.#parts.board.get(id);
    this.#parts.board.drop(id);
    if (before) this.#parts.touched(before.service_id);
  }
}
