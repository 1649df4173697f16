import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { checkedBody, checkedFilter, checkedName, checkedPage } from '../checks.ts';
import {
  type Collection,
  type Document,
  duplicate,
  type Expected,
  type Filter,
  type New,
  type Page,
  stale,
  type Watcher,
} from '../store.ts';
import { Watchers } from '../watchers.ts';
import { translate } from './errors.ts';
import type { Runner } from './runner.ts';

/** One table: id, revision and the document as JSON, with an index per field. */
export class SqliteCollection implements Collection<Document> {
  readonly #db: DatabaseSync;
  readonly #runner: Runner;
  readonly #name: string;
  readonly #table: string;
  readonly #indexes = new Set<string>();
  readonly #statements = new Map<string, StatementSync>();
  readonly #watchers = new Watchers();

  constructor(db: DatabaseSync, runner: Runner, name: string) {
    this.#db = db;
    this.#runner = runner;
    this.#name = name;
    this.#table = identifier(name);
    const columns = '(id TEXT PRIMARY KEY, revision INTEGER NOT NULL, body TEXT NOT NULL)';
    translate(name, () => db.exec(`CREATE TABLE IF NOT EXISTS ${this.#table} ${columns} WITHOUT ROWID`));
  }

  /** Allows `find` by these fields, too. */
  allow(indexes: readonly string[]): void {
    for (const field of indexes.filter(field => !this.#indexes.has(field))) {
      const index = identifier(`${this.#name}_${field}`);
      const sql = `CREATE INDEX IF NOT EXISTS ${index} ON ${this.#table} (${expression(field)})`;
      translate(this.#name, () => this.#db.exec(sql));
      this.#indexes.add(field);
    }
  }

  get(id: string): Promise<Document | null> {
    return this.#runner.read(this.#name, () => {
      const row = this.#prepare(`SELECT body FROM ${this.#table} WHERE id = ?`).get(id);
      return row ? document(row) : null;
    });
  }

  find(filter: Filter<Document> = {}, page: Page = {}): Promise<Document[]> {
    return this.#runner.read(this.#name, () => {
      const [conditions, values] = this.#equal(filter);
      const { after, limit = -1 } = checkedPage(page);
      if (after !== undefined) {
        conditions.push('id > ?');
        values.push(after);
      }
      const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
      const sql = `SELECT body FROM ${this.#table} ${where} ORDER BY id LIMIT ?`;
      return this.#prepare(sql)
        .all(...values, limit)
        .map(document);
    });
  }

  async insert(fresh: New<Document>): Promise<Document> {
    const stored = { ...fresh, revision: 1 };
    const body = checkedBody(stored);
    const sql = `INSERT INTO ${this.#table} (id, revision, body) VALUES (?, 1, ?) ON CONFLICT DO NOTHING`;
    return this.#store(stored, () => {
      if (this.#prepare(sql).run(stored.id, body).changes === 0) throw duplicate(this.#name, stored.id);
    });
  }

  async replace(next: New<Document>, expectedRevision: number): Promise<Document> {
    const stored = { ...next, revision: expectedRevision + 1 };
    const values = [stored.revision, checkedBody(stored), stored.id, expectedRevision];
    const sql = `UPDATE ${this.#table} SET revision = ?, body = ? WHERE id = ? AND revision = ?`;
    return this.#store(stored, () => {
      if (this.#prepare(sql).run(...values).changes === 0) throw stale(this.#name, stored.id);
    });
  }

  async remove(id: string, expected?: Expected<Document>): Promise<boolean> {
    const [conditions, values] = this.#asExpected(expected);
    const sql = `DELETE FROM ${this.#table} WHERE ${['id = ?', ...conditions].join(' AND ')}`;
    const remove = (): boolean => this.#prepare(sql).run(id, ...values).changes > 0;
    return this.#runner.write(this.#name, remove, removed => {
      if (removed) this.#watchers.tell(id, null);
    });
  }

  watch(watcher: Watcher<Document>): () => void {
    return this.#watchers.add(watcher);
  }

  #asExpected(expected: Expected<Document> = {}): [conditions: string[], values: SQLInputValue[]] {
    return typeof expected === 'number' ? [['revision = ?'], [expected]] : this.#equal(expected);
  }

  #equal(filter: Filter<Document>): [conditions: string[], values: SQLInputValue[]] {
    const fields = checkedFilter(filter, this.#indexes);
    return [
      fields.map(([field]) => `${expression(field)} = ?`),
      fields.map(([, value]) => (typeof value === 'boolean' ? Number(value) : value)),
    ];
  }

  async #store(stored: Document, action: () => void): Promise<Document> {
    await this.#runner.write(this.#name, action, () => this.#watchers.tell(stored.id, stored));
    return stored;
  }

  #prepare(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** The same text in index and query, or SQLite does not use the index. JSON booleans come out as 0 and 1. */
function expression(field: string): string {
  return `body ->> '$.${checkedName(field)}'`;
}

function document(row: Record<string, unknown>): Document {
  return JSON.parse(row.body as string) as Document;
}

function identifier(name: string): string {
  return `"${checkedName(name)}"`;
}
