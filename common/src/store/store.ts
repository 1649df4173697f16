/**
 * The store: documents by id, each operation atomic on one document, no multi-document transactions. A claim is the
 * insert of a document whose id is the claimed thing. Errors surface as errors; they never look like "not found".
 */
import { defineErrors, HedgerowError, isErrorOf } from '../errors.ts';

export const STORE_ERRORS = defineErrors({
  STORE_DUPLICATE: { http: 409, retryable: false },
  STORE_STALE: { http: 409, retryable: true },
  STORE_FULL: { http: 507, retryable: true },
  STORE_FAILED: { http: 503, retryable: true },
  STORE_NEWER: { http: 500, retryable: false },
});

/** `revision` is the store's: 1 after insert, one more after each replace. */
export interface Document {
  id: string;
  revision: number;
}

export type New<T extends Document> = Omit<T, 'revision'>;
export type Filter<T extends Document> = { readonly [K in keyof T]?: T[K] & (string | number | boolean) };

/** What has to be so for a document to be removed: its revision, or the value of indexed fields. */
export type Expected<T extends Document> = number | Filter<T>;

/** A part of a list: at most `limit` documents whose id comes after `after`. */
export interface Page {
  after?: string;
  limit?: number;
}

/** `document` is null when it was removed. */
export type Watcher<T extends Document> = (id: string, document: T | null) => void;

export interface Collection<T extends Document> {
  get(id: string): Promise<T | null>;
  /**
   * Equality on indexed fields, in order of id. A filter without fields finds all.
   * @throws TypeError for a field that is not indexed, or whose value is undefined (that would find all)
   */
  find(filter?: Filter<T>, page?: Page): Promise<T[]>;
  /** @throws STORE_DUPLICATE when the id is there */
  insert(document: New<T>): Promise<T>;
  /** Compare and swap. @throws STORE_STALE when the stored revision differs or the document is gone */
  replace(document: New<T>, expectedRevision: number): Promise<T>;
  /**
   * @param expected a revision says nothing of a document that was removed and inserted again: it counts anew; what a
   * field says of it does
   * @returns whether there was something to remove that is as expected
   */
  remove(id: string, expected?: Expected<T>): Promise<boolean>;
  /**
   * Tells of every change. Own writes are told once each, after they are stored and before their promise resolves;
   * those of other processes within about a second, several of one document perhaps as one.
   * @returns stops it
   */
  watch(watcher: Watcher<T>): () => void;
}

export interface Store {
  /** @param indexes fields that `find` may filter by */
  collection<T extends Document>(name: string, indexes: readonly (keyof T & string)[]): Collection<T>;
  /** May other processes write to it, too? */
  readonly shared: boolean;
  /** @throws STORE_FAILED when it cannot be read */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Reads, changes and writes one document, again when another writer was faster.
 * @param change returns the new document, or null to leave it as it is
 * @returns the stored document; null when there is none
 */
export async function update<T extends Document>(
  collection: Collection<T>,
  id: string,
  change: (current: T) => New<T> | null,
): Promise<T | null> {
  for (;;) {
    const current = await collection.get(id);
    if (!current) return null;
    const next = change(current);
    if (next === null) return current;
    try {
      return await collection.replace(next, current.revision);
    } catch (error) {
      if (!isErrorOf(error, STORE_ERRORS.STORE_STALE)) throw error;
    }
  }
}

/** Inserts or replaces, whatever is there. */
export async function put<T extends Document>(collection: Collection<T>, document: New<T>): Promise<T> {
  for (;;) {
    const stored = await update(collection, document.id, () => document);
    if (stored) return stored;
    try {
      return await collection.insert(document);
    } catch (error) {
      if (!isErrorOf(error, STORE_ERRORS.STORE_DUPLICATE)) throw error;
    }
  }
}

export function duplicate(collection: string, id: string): HedgerowError {
  return new HedgerowError(STORE_ERRORS.STORE_DUPLICATE, `${collection}/${id} exists`);
}

export function stale(collection: string, id: string): HedgerowError {
  return new HedgerowError(STORE_ERRORS.STORE_STALE, `${collection}/${id} was changed by another writer`);
}
