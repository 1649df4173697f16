import { HedgerowError, isErrorOf } from '../errors.ts';
import { type Collection, type Document, STORE_ERRORS, type Store } from '../store/store.ts';
import type { MetricRegistry } from './registry.ts';
import { Room } from './room.ts';
import { counter, type Handles, histogram } from './table.ts';
import { timed } from './timed.ts';

export const STORE_METRICS = {
  operations: counter('hedgerow_store_operations_total', 'Operations on the store.', [
    'collection',
    'operation',
  ]),
  duration: histogram(
    'hedgerow_store_operation_duration_seconds',
    'How long operations on the store took.',
    [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5],
    ['collection'],
  ),
  errors: counter(
    'hedgerow_store_errors_total',
    'Operations that failed: the store is away, broken or full.',
    ['collection', 'error'],
  ),
  conflicts: counter(
    'hedgerow_store_conflicts_total',
    'Writes that another writer was faster than; they are repeated, or answered with 409.',
    ['collection'],
  ),
} as const;

/** Counts what goes to a store. Its `ping` also throws STORE_FULL while nothing can be written. */
export function meteredStore(store: Store, registry: MetricRegistry): Store {
  const metrics = registry.open(STORE_METRICS);
  const room = new Room(store);
  return {
    collection<T extends Document>(name: string, indexes: readonly (keyof T & string)[]) {
      begin(metrics, name);
      return meteredCollection(store.collection<T>(name, indexes), { collection: name, metrics, room });
    },
    shared: store.shared,
    async ping() {
      await store.ping();
      await room.check();
    },
    close: () => store.close(),
  };
}

type Metrics = Handles<typeof STORE_METRICS>;

/** An alert on the first error needs a series that was 0 before it. */
function begin(metrics: Metrics, collection: string): void {
  for (const { code } of [STORE_ERRORS.STORE_FAILED, STORE_ERRORS.STORE_FULL])
    metrics.errors.add(0, { collection, error: code });
  metrics.conflicts.add(0, { collection });
}

function meteredCollection<T extends Document>(
  inner: Collection<T>,
  { collection, metrics, room }: { collection: string; metrics: Metrics; room: Room },
): Collection<T> {
  const metered = <R>(operation: string, action: () => Promise<R>): Promise<R> => {
    metrics.operations.add(1, { collection, operation });
    return timed(
      action,
      seconds => metrics.duration.observe(seconds, { collection }),
      error => failed(metrics, collection, error),
    );
  };
  const written = <R>(operation: string, action: () => Promise<R>): Promise<R> =>
    metered(operation, action).then(
      result => {
        room.wrote(null);
        return result;
      },
      (error: unknown) => {
        room.wrote(error);
        throw error;
      },
    );
  return {
    get: id => metered('get', () => inner.get(id)),
    find: (filter, page) => metered('find', () => inner.find(filter, page)),
    insert: document => written('insert', () => inner.insert(document)),
    replace: (document, revision) => written('replace', () => inner.replace(document, revision)),
    remove: (id, revision) => written('remove', () => inner.remove(id, revision)),
    watch: watcher => inner.watch(watcher),
  };
}

function failed(metrics: Metrics, collection: string, error: unknown): void {
  const isConflict = [STORE_ERRORS.STORE_STALE, STORE_ERRORS.STORE_DUPLICATE].some(kind =>
    isErrorOf(error, kind),
  );
  const code = error instanceof HedgerowError ? error.code : 'OTHER';
  if (isConflict) metrics.conflicts.add(1, { collection });
  else metrics.errors.add(1, { collection, error: code });
}
