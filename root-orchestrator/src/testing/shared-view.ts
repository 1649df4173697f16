import { type Collection, type Document, HedgerowError, STORE_ERRORS, type Store } from '@hedgerow/common';

/** One process's view of a store that several share. */
export interface SharedView extends Store {
  /** Cut off: every operation fails, and nothing is told. */
  down: boolean;
}

interface Listener {
  view: SharedView;
  collection: string;
  tell: (id: string, document: Document | null) => void;
}

/**
 * A store as several roots in one process see it when it is MongoDB: own writes are told before their promise
 * resolves, those of others later.
 * @returns makes one more view; to close one closes nothing
 */
export function shareStore(store: Store): () => SharedView {
  const listeners = new Set<Listener>();
  const written = (by: SharedView, collection: string, id: string, document: Document | null): void => {
    for (const listener of listeners) {
      if (listener.collection !== collection) continue;
      const tell = () => {
        if (listeners.has(listener) && !listener.view.down) listener.tell(id, document);
      };
      if (listener.view === by) tell();
      else setImmediate(tell);
    }
  };
  return () => {
    const view: SharedView = {
      down: false,
      shared: true,
      ping: () => store.ping(),
      async close() {},
      collection: <T extends Document>(name: string, indexes: readonly (keyof T & string)[]) => {
        const inner = store.collection<T>(name, indexes);
        const up = <R>(action: () => Promise<R>): Promise<R> =>
          view.down ? Promise.reject(cut()) : action();
        const told = (document: T): T => {
          written(view, name, document.id, document);
          return document;
        };
        return {
          get: id => up(() => inner.get(id)),
          find: (filter, page) => up(() => inner.find(filter, page)),
          insert: document => up(() => inner.insert(document)).then(told),
          replace: (document, revision) => up(() => inner.replace(document, revision)).then(told),
          async remove(id, revision) {
            const removed = await up(() => inner.remove(id, revision));
            if (removed) written(view, name, id, null);
            return removed;
          },
          watch(watcher) {
            const listener = { view, collection: name, tell: watcher as Listener['tell'] };
            listeners.add(listener);
            return () => void listeners.delete(listener);
          },
        } satisfies Collection<T>;
      },
    };
    return view;
  };
}

function cut(): HedgerowError {
  return new HedgerowError(STORE_ERRORS.STORE_FAILED, 'cut off on purpose');
}
