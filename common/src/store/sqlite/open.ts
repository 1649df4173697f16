import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface Opened {
  db: DatabaseSync;
  /** Something was stored, so there is room. */
  roomier(): void;
}

export type Durability = 'full' | 'normal';

/** SQLITE_IOERR_SHMSIZE, SQLITE_FULL: beside the file there is no room for what several handles share. */
const NO_ROOM = new Set([4874, 13]);

/**
 * The file is for this user alone; SQLite gives its journal and shared memory files the same mode. On a disk that is full
 * the shared memory file cannot be made: then this handle has the file to itself, until something could be stored.
 */
export function openDatabase(file: string, durability: Durability): Opened {
  if (file !== ':memory:') {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
  }
  try {
    return { db: opened(file, pragmas(durability)), roomier() {} };
  } catch (error) {
    if (!NO_ROOM.has((error as { errcode?: number }).errcode ?? 0)) throw error;
    return alone(opened(file, `PRAGMA locking_mode = EXCLUSIVE; ${pragmas(durability)}`));
  }
}

function alone(db: DatabaseSync): Opened {
  let isAlone = true;
  return {
    db,
    roomier() {
      if (isAlone) isAlone = !isShared(db);
    },
  };
}

/** Only a handle that is not in WAL mode may let others in. Whatever fails half way is whole, and tried again. */
function isShared(db: DatabaseSync): boolean {
  try {
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT 1 FROM sqlite_schema');
    return db.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode === 'wal';
  } catch {
    return false;
  }
}

function opened(file: string, sql: string): DatabaseSync {
  const db = new DatabaseSync(file);
  try {
    db.exec(sql);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function pragmas(durability: Durability): string {
  return `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}; PRAGMA busy_timeout = 5000;
    PRAGMA cache_size = -2000;`;
}
