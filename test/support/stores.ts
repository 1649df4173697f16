import { DatabaseSync } from 'node:sqlite';

/** Every document of a store, by collection, as text without revisions; read beside the process that owns it. */
export function dumpStore(file: string): Record<string, string[]> {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`).all();
    return Object.fromEntries(tables.map(({ name }) => [String(name), documents(db, String(name))] as const));
  } finally {
    db.close();
  }
}

function documents(db: DatabaseSync, table: string): string[] {
  const rows = db.prepare(`SELECT id FROM "${table}" ORDER BY id`).all();
  return rows.map(({ id }) => String(id));
}
