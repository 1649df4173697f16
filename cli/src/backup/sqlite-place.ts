/** A data directory: the store's file, and the secrets beside it. */

import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ArchivableStore,
  HedgerowError,
  isSqliteInUse,
  openSchemas,
  openSqlite,
} from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Line, Secret } from './format.ts';
import { loadDocuments } from './load.ts';
import type { Place } from './place.ts';
import { inUse, notEmpty } from './refusals.ts';
import { type BackupRole, KEPT } from './roles.ts';

export function sqlitePlace(role: BackupRole, data: string): Place {
  const file = join(data, KEPT[role].file);
  const secrets = KEPT[role].secrets.map(name => ({ name, path: join(data, name) }));
  return {
    name: file,
    async schema() {
      const store = openThere(file);
      try {
        return (await openSchemas(store).get(role))?.version ?? 0;
      } finally {
        await store.close();
      }
    },
    async *lines() {
      for (const { name, path } of secrets)
        if (existsSync(path)) yield { secret: name, value: (await readFile(path, 'utf8')).trim() };
      const store = openThere(file);
      try {
        yield* store.dump();
      } finally {
        await store.close();
      }
    },
    async checkFree(force) {
      if (!existsSync(file)) return;
      if (isSqliteInUse(file)) throw inUse(`${file} is open in another process: stop the ${role} first`);
      if (!force) throw notEmpty(file);
    },
    async load(lines) {
      await mkdir(data, { recursive: true, mode: 0o700 });
      const draft = `${file}.restore`;
      await removeStore(draft);
      for (const secret of await fill(draft, lines)) await keep(data, secret);
      await ownedAs(data, draft);
      // Only the journal of the old one: a crash between must not leave a directory that looks like a new one.
      await removeStore(file, JOURNAL);
      await rename(draft, file);
    },
    async close() {},
  };
}

/** @throws FILE_UNREADABLE rather than making one */
function openThere(file: string): ArchivableStore {
  if (existsSync(file)) return openSqlite({ file, durability: 'full' });
  const message = `there is no store ${file}; name the data directory with --data <dir>, or the server with --mongodb`;
  throw new HedgerowError(ERRORS.FILE_UNREADABLE, message);
}

/** Beside the real one, which it replaces in one step. Its journal is gone when it is closed. */
async function fill(draft: string, lines: AsyncIterable<Line>): Promise<Secret[]> {
  const store = openSqlite({ file: draft, durability: 'full' });
  try {
    return await loadDocuments(store, lines);
  } finally {
    await store.close();
  }
}

async function keep(data: string, { secret, value }: Secret): Promise<void> {
  const draft = join(data, `${secret}.restore`);
  await writeFile(draft, `${value}\n`, { mode: 0o600, flush: true });
  await rename(await ownedAs(data, draft), join(data, secret));
}

/** Root restores for the user whose directory it is. */
async function ownedAs(data: string, path: string): Promise<string> {
  const { uid, gid } = await stat(data);
  if (process.getuid?.() === 0) await chown(path, uid, gid);
  return path;
}

const JOURNAL = ['-wal', '-shm'];

async function removeStore(file: string, ends = ['', ...JOURNAL]): Promise<void> {
  for (const end of ends) await rm(`${file}${end}`, { force: true });
}
