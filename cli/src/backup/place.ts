import type { Line } from './format.ts';
import { type BackupRole, KEPT } from './roles.ts';
import { sqlitePlace } from './sqlite-place.ts';

/** Where a role keeps its documents and secrets. */
export interface Place {
  /** for people */
  readonly name: string;
  /** version of the documents' shape */
  schema(): Promise<number>;
  lines(): AsyncIterable<Line>;
  /** @throws STORE_IN_USE; STORE_NOT_EMPTY unless `force` */
  checkFree(force: boolean): Promise<void>;
  /** Replaces whatever is there. */
  load(lines: AsyncIterable<Line>): Promise<void>;
  close(): Promise<void>;
}

export interface PlaceOptions {
  role: BackupRole;
  /** its data directory; the usual one when left out */
  data?: string | undefined;
  /** URL of MongoDB */
  mongodb?: string | undefined;
  /** the same for a root of which nothing else is said, from the environment */
  mongodbOfRoot?: string | undefined;
}

/** @throws BAD_CONFIG, STORE_FAILED */
export async function openPlace({ role, data, mongodb, mongodbOfRoot }: PlaceOptions): Promise<Place> {
  const url = mongodb ?? (role === 'root' && data === undefined ? mongodbOfRoot : undefined);
  if (!url) return sqlitePlace(role, data ?? KEPT[role].data);
  // The driver is only loaded where it is used.
  const { mongodbPlace } = await import('./mongodb-place.ts');
  return mongodbPlace(role, url);
}
