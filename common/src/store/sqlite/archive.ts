import { DatabaseSync } from 'node:sqlite';
import type { Archive, Archived } from '../archive.ts';
import { checkedBody, checkedName } from '../checks.ts';
import type { Document } from '../store.ts';
import { translate } from './errors.ts';
import type { Runner } from './runner.ts';

/** @param file `:memory:` for what only this handle can read */
export function sqliteArchive(file: string, db: DatabaseSync, runner: Runner): Archive {
  return {
    dump() {
      runner.flush();
      return file === ':memory:' ? inMemory(db) : snapshot(file);
    },
    async load(name, documents) {
      runner.flush();
      translate('load', () => load(db, name, documents));
    },
  };
}

/** A connection of its own, whose transaction sees nothing of what is written meanwhile. */
async function* snapshot(file: string): AsyncGenerator<Archived> {
  const db = translate('dump', () => new DatabaseSync(file, { readOnly: true }));
  try {
    translate('dump', () => db.exec('PRAGMA busy_timeout = 5000; BEGIN'));
    yield* rows(db);
  } finally {
    db.close();
  }
}

/** All at once, because others use the same connection. */
async function* inMemory(db: DatabaseSync): AsyncGenerator<Archived> {
  yield* [...rows(db)];
}

function* rows(db: DatabaseSync): Generator<Archived> {
  for (const table of translate('dump', () => tables(db))) {
    const found = translate(table, () => db.prepare(`SELECT body FROM "${table}" ORDER BY id`).iterate());
    for (;;) {
      const { done, value } = translate(table, () => found.next());
      if (done) break;
      const document = translate(table, () => JSON.parse(String(value.body)) as Document);
      yield { collection: table, document };
    }
  }
}

function load(db: DatabaseSync, name: string, documents: readonly Document[]): void {
  const sql = `INSERT OR REPLACE INTO "${checkedName(name)}" (id, revision, body) VALUES (?, ?, ?)`;
  db.exec('BEGIN IMMEDIATE');
  try {
    const statement = db.prepare(sql);
    for (const document of documents) statement.run(document.id, document.revision, checkedBody(document));
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function tables(db: DatabaseSync): string[] {
  const sql = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`;
  return db
    .prepare(sql)
    .all()
    .map(({ name }) => String(name));
}
