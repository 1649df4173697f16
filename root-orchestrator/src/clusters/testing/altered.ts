import type { Collection, Document } from '@hedgerow/common';

/** A collection of which some operations do something else. */
export function altered<T extends Document>(
  collection: Collection<T>,
  operations: Partial<Collection<T>>,
): Collection<T> {
  return {
    get: id => collection.get(id),
    find: (filter, page) => collection.find(filter, page),
    insert: document => collection.insert(document),
    replace: (document, revision) => collection.replace(document, revision),
    remove: (id, revision) => collection.remove(id, revision),
    watch: watcher => collection.watch(watcher),
    ...operations,
  };
}
