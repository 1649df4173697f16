/**
 * The embedded store: one SQLite file, one table per collection, documents as JSON with an index per field.
 * `full` durability (an fsync per write) is for what was acknowledged to a user; `normal` may lose the last writes
 * of a power cut, never the file's consistency (SQLite in WAL mode).
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { HedgerowError, messageOf } from '../errors.ts';
import {
  type Collection,
  type Document,
  duplicate,
  type Filter,
  STORE_ERRORS,
  type Store,
  stale,
} from './store.ts';

export interface SqliteOptions {
  /** `:memory:` for a store that ends with the process */
  file: string;
  durability: 'full' | 'normal';
}

export function openSqlite(options: SqliteOptions): Store {
  if (options.file !== ':memory:') mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 });
  const db = translate('open', () => new DatabaseSync(options.file));
  translate('open', () => db.exec(pragmas(options.durability)));
  const open = new Map<string, Collection<Document>>();
  return {
    collection<T extends Document>(name: string, indexes: readonly (keyof T & string)[]) {
      const known = open.get(name) ?? sqliteCollection(db, name, indexes);
      open.set(name, known);
      return known as unknown as Collection<T>;
    },
    async close() {
      db.close();
    },
  };
}

function pragmas(durability: SqliteOptions['durability']): string {
  return `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}; PRAGMA busy_timeout = 5000;
    PRAGMA cache_size = -2000;`;
}

function sqliteCollection(db: DatabaseSync, name: string, indexes: readonly string[]): Collection<Document> {
  const table = identifier(name);
  translate(name, () => {
    db.exec(
      `CREATE TABLE IF NOT EXISTS ${table}
        (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID`,
    );
    for (const field of indexes) {
      db.exec(
        `CREATE INDEX IF NOT EXISTS ${identifier(`${name}_${field}`)} ON ${table} (body ->> '$.${checked(field)}')`,
      );
    }
  });
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  const run = <R>(action: () => R): Promise<R> => promised(() => translate(name, action));
  return {
    get: id =>
      run(() => {
        const row = prepare(`SELECT body, revision FROM ${table} WHERE id = ?`).get(id);
        return row ? document(row) : null;
      }),
    find: (filter = {}) =>
      run(() => {
        const { where, values } = condition(filter, indexes);
        return prepare(`SELECT body, revision FROM ${table} ${where} ORDER BY id`)
          .all(...values)
          .map(document);
      }),
    insert: fresh =>
      run(() => {
        const stored = { ...fresh, revision: 1 };
        prepare(`INSERT INTO ${table} (id, revision, body) VALUES (?, 1, ?)`).run(
          fresh.id,
          JSON.stringify(stored),
        );
        return stored;
      }),
    replace: (next, expectedRevision) =>
      run(() => {
        const stored = { ...next, revision: expectedRevision + 1 };
        const result = prepare(
          `UPDATE ${table} SET revision = ?, body = ? WHERE id = ? AND revision = ?`,
        ).run(stored.revision, JSON.stringify(stored), next.id, expectedRevision);
        if (result.changes === 0) throw stale(name, next.id);
        return stored;
      }),
    remove: (id, expectedRevision) =>
      run(() => {
        const sql = `DELETE FROM ${table} WHERE id = ?${expectedRevision === undefined ? '' : ' AND revision = ?'}`;
        return (
          prepare(sql).run(id, ...(expectedRevision === undefined ? [] : [expectedRevision])).changes > 0
        );
      }),
  };
}

function condition(
  filter: Filter<Document>,
  indexes: readonly string[],
): { where: string; values: SQLInputValue[] } {
  const fields = Object.entries(filter).filter(([, value]) => value !== undefined);
  const foreign = fields.find(([field]) => !indexes.includes(field));
  if (foreign) throw new TypeError(`find by ${foreign[0]}: not an index`);
  const values = fields.map(([, value]) =>
    typeof value === 'boolean' ? Number(value) : (value as SQLInputValue),
  );
  const where = fields.map(([field]) => `body ->> '$.${checked(field)}' = ?`).join(' AND ');
  return { where: where && `WHERE ${where}`, values };
}

function document(row: Record<string, unknown>): Document {
  return JSON.parse(row.body as string) as Document;
}

/** Runs at once but answers as a promise, so that no caller depends on SQLite being synchronous. */
function promised<R>(action: () => R): Promise<R> {
  return new Promise(resolve => resolve(action()));
}

function identifier(name: string): string {
  return `"${checked(name)}"`;
}

function checked(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`not a collection or field name: ${name}`);
  return name;
}

/** SQLite result codes (extended codes keep the primary one in the low byte): 13 full, 19 constraint. */
function translate<R>(where: string, action: () => R): R {
  try {
    return action();
  } catch (error) {
    if (error instanceof HedgerowError || error instanceof TypeError) throw error;
    const code = ((error as { errcode?: number }).errcode ?? 0) & 255;
    if (code === 19) throw duplicate(where, 'this id', error);
    const kind = code === 13 ? STORE_ERRORS.STORE_FULL : STORE_ERRORS.STORE_FAILED;
    throw new HedgerowError(kind, `store ${where}: ${messageOf(error)}`, { cause: error });
  }
}
