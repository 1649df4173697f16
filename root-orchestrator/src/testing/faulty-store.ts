/** Stores that fail on purpose. */
import { type Collection, type Document, HedgerowError, STORE_ERRORS, type Store } from '@hedgerow/common';

export interface Fault {
  /** the number of the write that fails first, from 1 */
  at: number;
  /** `once`: a passing fault; `ever after`: as if the process had died there */
  until: 'once' | 'ever after';
  /** `before`: the write does not happen; `after`: it happens, and its caller does not hear of it */
  when: 'before' | 'after';
  /** STORE_FAILED when left out */
  error?: 'STORE_FAILED' | 'STORE_FULL';
}

export interface FaultyStore extends Store {
  /** Starts counting writes anew, with or without a fault. */
  arm(fault: Fault | null): void;
  /** writes since `arm` */
  writes(): number;
}

export function faultyStore(store: Store): FaultyStore {
  let [count, fault]: [number, Fault | null] = [0, null];
  const broken = (): HedgerowError =>
    new HedgerowError(STORE_ERRORS[fault?.error ?? 'STORE_FAILED'], 'broken on purpose');
  const write = async <R>(action: () => Promise<R>): Promise<R> => {
    count += 1;
    const now = fault;
    const fails = now !== null && (now.until === 'once' ? count === now.at : count >= now.at);
    if (fails && (now.when === 'before' || count > now.at)) throw broken();
    const result = await action();
    if (fails) throw broken();
    return result;
  };
  return {
    arm(next) {
      [count, fault] = [0, next];
    },
    writes: () => count,
    collection: <T extends Document>(name: string, indexes: readonly (keyof T & string)[]): Collection<T> => {
      const inner = store.collection<T>(name, indexes);
      return {
        get: id => inner.get(id),
        find: (filter, page) => inner.find(filter, page),
        insert: document => write(() => inner.insert(document)),
        replace: (document, revision) => write(() => inner.replace(document, revision)),
        remove: (id, revision) => write(() => inner.remove(id, revision)),
        watch: watcher => inner.watch(watcher),
      };
    },
    shared: store.shared,
    ping: () => store.ping(),
    close: () => store.close(),
  };
}
