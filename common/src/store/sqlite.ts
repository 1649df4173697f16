/**
 * The embedded store: one SQLite file, one table per collection, documents as JSON with an index per field.
 * `full` durability (an fsync per write) is for what was acknowledged to a user; `normal` may lose the last writes
 * of a power cut, never the file's consistency (SQLite in WAL mode).
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { HedgerowError, messageOf } from '../errors.ts';
import {
  type Collection,
  type Document,
  duplicate,
  type Filter,
  type New,
  type Page,
  STORE_ERRORS,
  type Store,
  stale,
  type Watcher,
} from './store.ts';

export interface SqliteOptions {
  /** `:memory:` for a store that ends with the process */
  file: string;
  durability: 'full' | 'normal';
}

export function openSqlite(options: SqliteOptions): Store {
  const db = translate(options.file, () => openDatabase(options));
  const open = new Map<string, SqliteCollection>();
  return {
    collection<T extends Document>(name: string, indexes: readonly (keyof T & string)[]) {
      const key = [name, ...indexes].join();
      const known = open.get(key) ?? new SqliteCollection(db, name, indexes);
      open.set(key, known);
      return known as unknown as Collection<T>;
    },
    shared: false,
    async ping() {
      translate('ping', () => db.prepare('SELECT 1').get());
    },
    async close() {
      if (db.isOpen) db.close();
    },
  };
}

/** The file is for this user alone; SQLite gives its journal and shared memory files the same mode. */
function openDatabase({ file, durability }: SqliteOptions): DatabaseSync {
  if (file !== ':memory:') {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
  }
  const db = new DatabaseSync(file);
  try {
    db.exec(pragmas(durability));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function pragmas(durability: SqliteOptions['durability']): string {
  return `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}; PRAGMA busy_timeout = 5000;
    PRAGMA cache_size = -2000;`;
}

class SqliteCollection implements Collection<Document> {
  readonly #db: DatabaseSync;
  readonly #name: string;
  readonly #table: string;
  readonly #indexes: readonly string[];
  readonly #statements = new Map<string, StatementSync>();
  readonly #watchers = new Set<Watcher<Document>>();

  constructor(db: DatabaseSync, name: string, indexes: readonly string[]) {
    this.#db = db;
    this.#name = name;
    this.#table = identifier(name);
    this.#indexes = indexes;
    translate(name, () => this.#create());
  }

  get(id: string): Promise<Document | null> {
    return this.#run(() => {
      const row = this.#prepare(`SELECT body FROM ${this.#table} WHERE id = ?`).get(id);
      return row ? document(row) : null;
    });
  }

  find(filter: Filter<Document> = {}, page: Page = {}): Promise<Document[]> {
    return this.#run(() => {
      const { where, values } = condition(filter, this.#indexes);
      const { after = '', limit = -1 } = page;
      const sql = `SELECT body FROM ${this.#table} WHERE id > ?${where} ORDER BY id LIMIT ?`;
      return this.#prepare(sql)
        .all(after, ...values, limit)
        .map(document);
    });
  }

  insert(fresh: New<Document>): Promise<Document> {
    return this.#run(() => {
      const stored = { ...fresh, revision: 1 };
      const sql = `INSERT INTO ${this.#table} (id, revision, body) VALUES (?, 1, ?) ON CONFLICT DO NOTHING`;
      const { changes } = this.#prepare(sql).run(stored.id, JSON.stringify(stored));
      if (changes === 0) throw duplicate(this.#name, stored.id);
      return this.#told(stored);
    });
  }

  replace(next: New<Document>, expectedRevision: number): Promise<Document> {
    return this.#run(() => {
      const stored = { ...next, revision: expectedRevision + 1 };
      const sql = `UPDATE ${this.#table} SET revision = ?, body = ? WHERE id = ? AND revision = ?`;
      const values = [stored.revision, JSON.stringify(stored), stored.id, expectedRevision];
      if (this.#prepare(sql).run(...values).changes === 0) throw stale(this.#name, stored.id);
      return this.#told(stored);
    });
  }

  remove(id: string, expectedRevision?: number): Promise<boolean> {
    const [and, values] =
      expectedRevision === undefined ? ['', []] : [' AND revision = ?', [expectedRevision]];
    const sql = `DELETE FROM ${this.#table} WHERE id = ?${and}`;
    return this.#run(() => {
      const removed = this.#prepare(sql).run(id, ...values).changes > 0;
      if (removed) for (const watcher of this.#watchers) watcher(id, null);
      return removed;
    });
  }

  watch(watcher: Watcher<Document>): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #told(document: Document): Document {
    for (const watcher of this.#watchers) watcher(document.id, document);
    return document;
  }

  #create(): void {
    this.#db.exec(
      `CREATE TABLE IF NOT EXISTS ${this.#table}
        (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID`,
    );
    for (const field of this.#indexes) {
      const index = identifier(`${this.#name}_${field}`);
      this.#db.exec(`CREATE INDEX IF NOT EXISTS ${index} ON ${this.#table} (${expression(field)})`);
    }
  }

  #prepare(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Runs at once but answers as a promise, so that no caller depends on SQLite being synchronous. */
  #run<R>(action: () => R): Promise<R> {
    return new Promise(resolve => resolve(translate(this.#name, action)));
  }
}

function condition(
  filter: Filter<Document>,
  indexes: readonly string[],
): { where: string; values: SQLInputValue[] } {
  const fields = Object.entries(filter);
  const foreign = fields.find(([field, value]) => !indexes.includes(field) || value === undefined);
  if (foreign) throw new TypeError(`find by ${foreign[0]}: not an index, or no value`);
  const values = fields.map(([, value]) =>
    typeof value === 'boolean' ? Number(value) : (value as SQLInputValue),
  );
  const where = fields.map(([field]) => ` AND ${expression(field)} = ?`).join('');
  return { where, values };
}

/** The same text in index and query, or SQLite does not use the index. JSON booleans come out as 0 and 1. */
function expression(field: string): string {
  return `body ->> '$.${checked(field)}'`;
}

function document(row: Record<string, unknown>): Document {
  return JSON.parse(row.body as string) as Document;
}

function identifier(name: string): string {
  return `"${checked(name)}"`;
}

function checked(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`not a collection or field name: ${name}`);
  return name;
}

/** SQLite result codes keep the primary one in the low byte; 13 is SQLITE_FULL. Programming errors pass as they are. */
function translate<R>(where: string, action: () => R): R {
  try {
    return action();
  } catch (error) {
    if (error instanceof HedgerowError || error instanceof TypeError) throw error;
    const { errcode = 0, code = '' } = error as { errcode?: number; code?: string };
    const full = (errcode & 255) === 13 || code === 'ENOSPC';
    const kind = full ? STORE_ERRORS.STORE_FULL : STORE_ERRORS.STORE_FAILED;
    throw new HedgerowError(kind, `store ${where}: ${messageOf(error)}`, { cause: error });
  }
}
