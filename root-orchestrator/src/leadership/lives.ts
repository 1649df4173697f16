/**
 * Which processes had this data directory before this one. They are dead, for only one process at a time has its lock,
 * and the kernel takes it from whoever ends. So a root that starts again need not wait for its own former lease.
 */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Logger, messageOf } from '@hedgerow/common';

export interface Lives {
  /** Notes this process. @returns the root ids of those before it */
  begin(rootId: string): ReadonlySet<string>;
  /** From here on another process may take this one for dead. */
  close(): void;
}

/** root ids that are kept: one whose lease was never taken over after a start that failed is among the last few */
const KEPT = 20;
const SCHEMA = 'CREATE TABLE IF NOT EXISTS lives (root_id TEXT PRIMARY KEY, boot TEXT, file TEXT)';

/** Never throws: whoever cannot tell waits for the lease, like everybody else. */
export function openLives(data: string, log: Logger): Lives {
  const file = join(data, 'lives.sqlite');
  let db: DatabaseSync | null = null;
  return {
    begin(rootId) {
      try {
        mkdirSync(data, { recursive: true, mode: 0o700 });
        db = new DatabaseSync(file, { timeout: 0 });
        return note(db, rootId, { boot: bootId(), file: identity(file) });
      } catch (error) {
        log.info({ file, cause: messageOf(error) }, 'the processes before this one are not known');
        return new Set();
      }
    },
    close() {
      db?.close();
      db = null;
    },
  };
}

interface Here {
  /** of the running kernel: on another machine a lock here would say nothing of that one */
  boot: string;
  /** a copy of the directory is another one's past */
  file: string;
}

/** @throws when another process has the lock */
function note(db: DatabaseSync, rootId: string, { boot, file }: Here): Set<string> {
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = NORMAL; BEGIN EXCLUSIVE');
  db.exec(SCHEMA);
  const before = db.prepare('SELECT root_id FROM lives WHERE boot = ? AND file = ?').all(boot, file);
  db.prepare('INSERT INTO lives VALUES (?, ?, ?)').run(rootId, boot, file);
  db.prepare(
    'DELETE FROM lives WHERE rowid NOT IN (SELECT rowid FROM lives ORDER BY rowid DESC LIMIT ?)',
  ).run(KEPT);
  db.exec('COMMIT');
  return new Set(before.map(({ root_id }) => String(root_id)));
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function identity(file: string): string {
  const { dev, ino } = statSync(file, { bigint: true });
  return `${dev}:${ino}`;
}
