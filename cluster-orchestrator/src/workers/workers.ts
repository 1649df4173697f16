/** The workers that have registered. Memory is what everybody reads; each change is on disk before it is seen. */
import { type Collection, put } from '@hedgerow/common';
import type { StoredWorker, Worker } from '../model.ts';

/** `after` is null when the worker was removed for good. */
export type WorkerListener = (before: Worker | null, after: Worker | null) => void;

/** Usage of the machine as the worker last told; percent of what it has. */
export interface Usage {
  cpu_percent: number;
  memory_percent: number;
}

/** Documents of earlier versions lack what came later. */
const EARLIER = { problems: [], dead_after: 0, beat: 0, back_in: 0, subnet_holder: '', renumbered: '' };

/** The id that the root knows a worker's subnet by. */
export function holderOf({ subnet_holder, id }: Worker): string {
  return subnet_holder || id;
}

export class Workers {
  readonly #collection: Collection<StoredWorker>;
  readonly #byId = new Map<string, Worker>();
  readonly #usage = new Map<string, Usage>();
  readonly #listeners: WorkerListener[] = [];

  constructor(collection: Collection<StoredWorker>) {
    this.#collection = collection;
  }

  async load(): Promise<void> {
    for (const { revision: _, ...worker } of await this.#collection.find()) {
      this.#swap(worker.id, { ...EARLIER, ...worker });
    }
  }

  onChange(listener: WorkerListener): void {
    this.#listeners.push(listener);
  }

  get(id: string): Worker | undefined {
    return this.#byId.get(id);
  }

  all(): Worker[] {
    return [...this.#byId.values()];
  }

  /** For sentences: the host name, or the id of a worker that is not known any more. */
  nameOf(id: string): string {
    return this.#byId.get(id)?.hostname ?? id;
  }

  usage(id: string): Usage {
    return this.#usage.get(id) ?? { cpu_percent: 0, memory_percent: 0 };
  }

  setUsage(id: string, usage: Usage): void {
    if (this.#byId.has(id)) this.#usage.set(id, usage);
  }

  async save(worker: Worker): Promise<void> {
    await put(this.#collection, worker);
    this.#swap(worker.id, worker);
  }

  async remove(id: string): Promise<void> {
    await this.#collection.remove(id);
    this.#usage.delete(id);
    this.#swap(id, null);
  }

  #swap(id: string, after: Worker | null): void {
    const before = this.#byId.get(id) ?? null;
    if (after) this.#byId.set(id, after);
    else this.#byId.delete(id);
    for (const listener of this.#listeners) listener(before, after);
  }
}
