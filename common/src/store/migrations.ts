/**
 * Numbered changes of the shape of stored documents. The version of each role's documents is itself a document, in
 * collection `schema`: one store may hold the documents of several roles.
 */
import { HedgerowError, isErrorOf } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { type Collection, type Document, put, STORE_ERRORS, type Store, update } from './store.ts';

/**
 * `up` is called again when a crash cut it short, and by several processes at once when the store is shared: it looks
 * at each document whether it still has the old shape, and changes it by compare-and-swap (`update`).
 */
export interface Migration {
  /** 1, 2, 3, … without gaps; a version that was released never changes */
  version: number;
  /** for the log */
  name: string;
  up(store: Store): Promise<void>;
}

export interface MigrateOptions {
  /** whose documents these are: `root`, `cluster`, … */
  role: string;
  /** in order, all that there ever were; an empty store runs through them, too */
  migrations: readonly Migration[];
  log: Logger;
}

/** id of a document that no role has */
const RESTORE = '(restore)';

/** id: the role */
export interface Schema extends Document {
  version: number;
}

/**
 * Brings the documents of a role to the newest version that this program knows. Call it before anything else is read.
 * @returns that version
 * @throws STORE_NEWER when a newer program wrote them; STORE_FAILED after half a restore; TypeError when the numbers of `migrations` are not 1, 2, 3, …
 */
export async function migrate(store: Store, { role, migrations, log }: MigrateOptions): Promise<number> {
  checkNumbers(migrations);
  const schemas = openSchemas(store);
  if (await schemas.get(RESTORE)) throw unfinished();
  for (;;) {
    const version = (await schemas.get(role))?.version ?? 0;
    if (version > migrations.length) throw newer(role, version, migrations.length);
    const next = migrations[version];
    if (!next) return version;
    log.info({ schema: role, version: next.version, migration: next.name }, 'migrating the store');
    await next.up(store);
    await advance(schemas, role, next.version);
  }
}

/**
 * Between the two, `migrate` refuses the store: a restore that was cut short leaves nobody working with half of it. For
 * stores that cannot be filled in one step.
 */
export async function beginRestore(store: Store): Promise<void> {
  await put(openSchemas(store), { id: RESTORE, version: 0 });
}

export async function endRestore(store: Store): Promise<void> {
  await openSchemas(store).remove(RESTORE);
}

export function openSchemas(store: Store): Collection<Schema> {
  return store.collection<Schema>('schema', []);
}

/** @param found the version that was found, @param known the newest that this program knows */
export function newer(role: string, found: number, known: number): HedgerowError {
  const message = `the store was written by a newer version of this program: its ${role} documents have schema ${found}, this program knows up to ${known}; run the newer version, or restore a backup made by this one`;
  return new HedgerowError(STORE_ERRORS.STORE_NEWER, message);
}

function unfinished(): HedgerowError {
  const message = 'a restore into this store was cut short, or is under way; restore it again';
  return new HedgerowError(STORE_ERRORS.STORE_FAILED, message);
}

/** Never back: another process may have been faster, and further. */
async function advance(schemas: Collection<Schema>, role: string, version: number): Promise<void> {
  const stored = await update(schemas, role, now => (now.version < version ? { ...now, version } : null));
  if (stored) return;
  try {
    await schemas.insert({ id: role, version });
  } catch (error) {
    if (!isErrorOf(error, STORE_ERRORS.STORE_DUPLICATE)) throw error;
  }
}

function checkNumbers(migrations: readonly Migration[]): void {
  const wrong = migrations.find(({ version }, index) => version !== index + 1);
  if (wrong) throw new TypeError(`migration ${wrong.version} (${wrong.name}): numbers must be 1, 2, 3, …`);
}
