import type { Collection, Db } from 'mongodb';
import type { Archive, Archived } from '../archive.ts';
import { checkedName } from '../checks.ts';
import type { Document } from '../store.ts';
import { translated } from './errors.ts';
import { decode, encode, type MongodbRecord } from './record.ts';

/** documents per request */
const BATCH = 500;

export interface MongodbArchive extends Archive {
  /** Removes all collections but these: what SQLite does by taking the file away. */
  clear(except?: readonly string[]): Promise<void>;
}

/** @param newMark draws a mark that no other write has */
export function mongodbArchive(db: Db, newMark: () => string): MongodbArchive {
  return {
    async *dump() {
      try {
        for (const name of await collectionsOf(db)) yield* documentsOf(db.collection<MongodbRecord>(name));
      } catch (error) {
        throw translated('dump', error);
      }
    },
    async load(name, documents) {
      try {
        const records = db.collection<MongodbRecord>(checkedName(name));
        for (let at = 0; at < documents.length; at += BATCH)
          await records.bulkWrite(
            documents.slice(at, at + BATCH).map(document => upsert(document, newMark())),
          );
      } catch (error) {
        throw translated('load', error);
      }
    },
    async clear(except = []) {
      try {
        for (const name of await collectionsOf(db)) if (!except.includes(name)) await db.dropCollection(name);
      } catch (error) {
        throw translated('clear', error);
      }
    },
  };
}

async function collectionsOf(db: Db): Promise<string[]> {
  const found = await db.listCollections({}, { nameOnly: true }).toArray();
  const own = found.filter(({ name, type }) => type !== 'view' && !name.startsWith('system.'));
  return own.map(({ name }) => name).sort();
}

async function* documentsOf(records: Collection<MongodbRecord>): AsyncIterable<Archived> {
  const cursor = records.find({}, { projection: { body: 1 }, sort: { _id: 1 } });
  for await (const record of cursor) yield { collection: records.collectionName, document: decode(record) };
}

function upsert(document: Document, mark: string) {
  const { _id, ...replacement } = encode(document, mark);
  return { replaceOne: { filter: { _id }, replacement, upsert: true } } as const;
}
