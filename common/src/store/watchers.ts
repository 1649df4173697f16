import type { Document, Watcher } from './store.ts';

/** Those who watch one collection. */
export class Watchers {
  readonly #watchers = new Set<Watcher<Document>>();

  get size(): number {
    return this.#watchers.size;
  }

  add(watcher: Watcher<Document>): () => void {
    // Of its own, so that somebody who watches twice stops each by itself.
    const own: Watcher<Document> = (id, document) => watcher(id, document);
    this.#watchers.add(own);
    return () => this.#watchers.delete(own);
  }

  /** A watcher that throws is a mistake of the program, not of the write that it hears of: it ends the process. */
  tell(id: string, document: Document | null): void {
    for (const watcher of this.#watchers) {
      try {
        watcher(id, document);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
