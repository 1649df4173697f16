import type { Collection, Document } from '@hedgerow/common';

/** `before` is null for a new document, `after` for one that was removed. */
export type Change<T extends Document> = (before: T | null, after: T | null) => void;

/**
 * A collection in memory, kept right by `watch`: it says what a document was before it changed, and finds without
 * asking the store. What is written here is seen before the write's promise resolves.
 */
export class Mirror<T extends Document> {
  readonly #collection: Collection<T>;
  readonly #documents = new Map<string, T>();
  readonly #listeners = new Set<Change<T>>();
  /** what was told while everything is read: id → is it there? */
  #told: Map<string, boolean> | null = null;
  #stop = (): void => {};

  constructor(collection: Collection<T>) {
    this.#collection = collection;
  }

  async start(): Promise<void> {
    this.#stop = this.#collection.watch((id, document) => {
      this.#told?.set(id, document !== null);
      if (document) this.#put(document);
      else this.#remove(id);
    });
    await this.reload();
  }

  stop(): void {
    this.#stop();
    this.#listeners.clear();
  }

  /**
   * Reads everything, for a store that others write to as well. One at a time. What is told meanwhile of others may be
   * older than what is read, or newer: the later revision stays, and what only one of the two knows is read once more.
   */
  async reload(): Promise<void> {
    const told = new Map<string, boolean>();
    this.#told = told;
    try {
      const found = await this.#collection.find();
      const ids = new Set(found.map(({ id }) => id));
      for (const document of found) if (told.get(document.id) !== false) this.#put(document);
      for (const id of this.#documents.keys()) if (!ids.has(id) && !told.has(id)) this.#remove(id);
      for (const [id, isThere] of [...told]) if (isThere !== ids.has(id)) await this.#readAgain(id, told);
    } finally {
      this.#told = null;
    }
  }

  /** Until nothing is told of it meanwhile. */
  async #readAgain(id: string, told: Map<string, boolean>): Promise<void> {
    for (;;) {
      told.delete(id);
      const document = await this.#collection.get(id);
      if (told.has(id)) continue;
      if (document) this.#put(document);
      else this.#remove(id);
      return;
    }
  }

  get size(): number {
    return this.#documents.size;
  }

  get(id: string): T | undefined {
    return this.#documents.get(id);
  }

  all(): Iterable<T> {
    return this.#documents.values();
  }

  /** @returns stops it */
  listen(listener: Change<T>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #put(document: T): void {
    const before = this.#documents.get(document.id);
    if (before && before.revision >= document.revision) return;
    this.#documents.set(document.id, document);
    for (const listener of this.#listeners) listener(before ?? null, document);
  }

  #remove(id: string): void {
    const before = this.#documents.get(id);
    if (!before) return;
    this.#documents.delete(id);
    for (const listener of this.#listeners) listener(before, null);
  }
}
