import { type Collection, type Document, HedgerowError, STORE_ERRORS, type Store } from '@hedgerow/common';

/** One process's view of a store that several share. */
export interface SharedView extends Store {
  /** Cut off: every operation fails, and nothing is told. */
  down: boolean;
}

/**
 * A store as one of several roots sees it when it is MongoDB: own writes are told at once, those of others later. The
 * store below is SQLite, whose operations are over when the call returns; that is how own writes are told apart.
 */
export function sharedView(store: Store): SharedView {
  let writing = false;
  const view: SharedView = {
    down: false,
    shared: true,
    ping: () => store.ping(),
    // it is not this process's alone
    async close() {},
    collection: <T extends Document>(name: string, indexes: readonly (keyof T & string)[]): Collection<T> => {
      const inner = store.collection<T>(name, indexes);
      return {
        get: id => run(() => inner.get(id)),
        find: (filter, page) => run(() => inner.find(filter, page)),
        insert: document => run(() => inner.insert(document)),
        replace: (document, revision) => run(() => inner.replace(document, revision)),
        remove: (id, revision) => run(() => inner.remove(id, revision)),
        watch(watcher) {
          let watched = true;
          const tell = (id: string, document: T | null) => {
            if (watched && !view.down) watcher(id, document);
          };
          const unwatch = inner.watch((id, document) => {
            if (writing) tell(id, document);
            else setImmediate(tell, id, document);
          });
          return () => {
            watched = false;
            unwatch();
          };
        },
      };
    },
  };
  function run<R>(action: () => Promise<R>): Promise<R> {
    if (view.down) return Promise.reject(new HedgerowError(STORE_ERRORS.STORE_FAILED, 'cut off on purpose'));
    writing = true;
    try {
      return action();
    } finally {
      writing = false;
    }
  }
  return view;
}
