/**
 * The embedded store: one SQLite file, one table per collection, documents as JSON with an index per field.
 * `full` durability (the disk has what was answered) is for what was acknowledged to a user; `normal` may lose the last
 * writes of a power cut, never the file's consistency (SQLite in WAL mode).
 */
import { DatabaseSync } from 'node:sqlite';
import type { ArchivableStore } from './archive.ts';
import { checkedName } from './checks.ts';
import { sqliteArchive } from './sqlite/archive.ts';
import { SqliteCollection } from './sqlite/collection.ts';
import { translate } from './sqlite/errors.ts';
import { type Durability, openDatabase } from './sqlite/open.ts';
import { BatchRunner, DirectRunner } from './sqlite/runner.ts';
import type { Collection, Document } from './store.ts';

const SQLITE_BUSY = 5;

export interface SqliteOptions {
  /** `:memory:` for a store that ends with the process */
  file: string;
  durability: Durability;
}

/** @throws STORE_FAILED when the file cannot be opened */
export function openSqlite(options: SqliteOptions): ArchivableStore {
  const { file, durability } = options;
  const { db, roomier } = translate(file, () => openDatabase(file, durability));
  const runner = durability === 'full' ? new BatchRunner(db, roomier) : new DirectRunner(roomier);
  const open = new Map<string, SqliteCollection>();
  const create = (name: string): SqliteCollection => {
    const created = new SqliteCollection(db, runner, checkedName(name));
    open.set(name, created);
    return created;
  };
  return {
    collection<T extends Document>(name: string, indexes: readonly (keyof T & string)[]) {
      const found = open.get(name) ?? create(name);
      found.allow(indexes);
      return found as unknown as Collection<T>;
    },
    shared: false,
    async ping() {
      translate('ping', () => db.prepare('SELECT 1').get());
    },
    async close() {
      runner.flush();
      if (db.isOpen) db.close();
    },
    ...sqliteArchive(file, db, runner),
  };
}

/**
 * Does anybody have the file open? Leaving WAL mode takes a lock that every open handle is in the way of.
 * @throws STORE_FAILED when it cannot be opened
 */
export function isSqliteInUse(file: string): boolean {
  return translate(file, () => {
    const db = new DatabaseSync(file);
    try {
      db.exec('PRAGMA journal_mode = DELETE; PRAGMA journal_mode = WAL');
      return false;
    } catch (error) {
      if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return true;
      throw error;
    } finally {
      db.close();
    }
  });
}
