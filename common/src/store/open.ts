import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ArchivableStore } from './archive.ts';
import { openSqlite, type SqliteOptions } from './sqlite.ts';

export interface StoreOptions {
  /** "" = SQLite in `sqliteFile` */
  mongodbUrl: string;
  sqliteFile: string;
  durability: SqliteOptions['durability'];
  clock?: Clock;
  log?: Logger;
}

/**
 * The driver of MongoDB is only loaded where it is used.
 * @throws BAD_CONFIG for what is no MongoDB URL, STORE_FAILED when the store cannot be reached
 */
export async function openStore(options: StoreOptions): Promise<ArchivableStore> {
  const { mongodbUrl, sqliteFile, durability, ...deps } = options;
  if (mongodbUrl === '') return openSqlite({ file: sqliteFile, durability });
  const { openMongodb } = await import('./mongodb.ts');
  return openMongodb({ url: mongodbUrl, ...deps });
}
