import type { Document, Store } from './store.ts';

export interface Archived {
  collection: string;
  document: Document;
}

/** What backups need of a store, beside the rest: everything as it is, revisions included. */
export interface Archive {
  /**
   * Every document, by collection, then in order of id. SQLite gives what was there at one moment, MongoDB each document
   * as it was when its turn came.
   */
  dump(): AsyncIterable<Archived>;
  /** Writes them over whatever has their ids. Nobody who watches may count on hearing of it. */
  load(collection: string, documents: readonly Document[]): Promise<void>;
}

export type ArchivableStore = Store & Archive;
