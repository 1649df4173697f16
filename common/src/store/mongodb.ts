/**
 * The store on MongoDB, or on any server that speaks its protocol: no transactions, no sessions of our own, no code on the
 * server. A write is answered when a majority has it in its journal, and read back the same way.
 */
import { randomBytes } from 'node:crypto';
import { type Db, MongoClient, type MongoClientOptions } from 'mongodb';
import { type Clock, systemClock } from '../clock.ts';
import { badSetting } from '../config.ts';
import { HedgerowError } from '../errors.ts';
import { type Logger, silentLogger } from '../logger.ts';
import { checkedName } from './checks.ts';
import { type MongodbArchive, mongodbArchive } from './mongodb/archive.ts';
import { MongodbCollection } from './mongodb/collection.ts';
import { redact, translated } from './mongodb/errors.ts';
import type { MongodbRecord } from './mongodb/record.ts';
import { type Collection, type Document, STORE_ERRORS, type Store } from './store.ts';

export { redact };

export interface MongodbOptions {
  /** `mongodb://user:password@host:port,…/database?…`; its password is in no log and no error */
  url: string;
  /** default: that of the URL, else `hedgerow` */
  database?: string;
  /** ms that one request to the server may take; a call makes a second one only in the first half of it */
  patience?: number;
  log?: Logger;
  clock?: Clock;
}

/** ms */
const PATIENCE = 10_000;

/** Every wait for the server ends. What is set here goes before what the URL says. */
function clientOptions(patience: number): MongoClientOptions {
  return {
    appName: 'hedgerow',
    serverSelectionTimeoutMS: patience / 2,
    connectTimeoutMS: patience / 2,
    socketTimeoutMS: patience,
    waitQueueTimeoutMS: patience,
    heartbeatFrequencyMS: 2000,
    maxPoolSize: 32,
    retryWrites: false,
    // A secondary may be behind: what was written has to be read.
    readPreference: 'primary',
    readConcern: { level: 'majority' },
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: patience * 0.8 },
  };
}

/** @throws BAD_CONFIG for what is no such URL, STORE_FAILED when the server cannot be reached */
export async function openMongodb(options: MongodbOptions): Promise<Store & MongodbArchive> {
  const client = createClient(options);
  const store = new MongodbStore(client, options);
  try {
    await client.connect();
    await store.ping();
    return store;
  } catch (error) {
    await client.close();
    throw translated('MongoDB', error);
  }
}

/** The driver's own error may quote the URL. */
function createClient({ url, patience = PATIENCE }: MongodbOptions): MongoClient {
  try {
    return new MongoClient(url, clientOptions(patience));
  } catch {
    const found = url.replace(/^.*@/s, '***@');
    throw badSetting('MONGODB_URL', found, 'mongodb://user:password@host:port/database?options');
  }
}

class MongodbStore implements Store, MongodbArchive {
  readonly shared = true;
  readonly #client: MongoClient;
  readonly #db: Db;
  readonly #archive: MongodbArchive;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #patience: number;
  readonly #open = new Map<string, MongodbCollection>();
  /** unique to this handle; its writes are numbered */
  readonly #handle = randomBytes(9).toString('base64url');
  #writes = 0;
  readonly #newMark = () => `${this.#handle}.${this.#writes++}`;
  #closed = false;

  constructor(client: MongoClient, options: MongodbOptions) {
    const { url, database = namedIn(url), log = silentLogger, clock = systemClock } = options;
    this.#client = client;
    this.#db = client.db(database);
    this.#archive = mongodbArchive(this.#db, this.#newMark);
    this.#log = log;
    this.#clock = clock;
    this.#patience = options.patience ?? PATIENCE;
  }

  collection<T extends Document>(name: string, indexes: readonly (keyof T & string)[]): Collection<T> {
    const found = this.#open.get(checkedName(name)) ?? this.#create(name);
    found.allow(indexes);
    this.#open.set(name, found);
    return found as unknown as Collection<T>;
  }

  async ping(): Promise<void> {
    try {
      this.#checkOpen();
      await this.#db.command({ ping: 1 });
    } catch (error) {
      throw translated('ping', error);
    }
  }

  dump() {
    return this.#archive.dump();
  }

  load(collection: string, documents: readonly Document[]): Promise<void> {
    return this.#archive.load(collection, documents);
  }

  clear(except?: readonly string[]): Promise<void> {
    return this.#archive.clear(except);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const collection of this.#open.values()) collection.stop();
    await this.#client.close();
  }

  #create(name: string): MongodbCollection {
    return new MongodbCollection({
      name,
      records: this.#db.collection<MongodbRecord>(name),
      newMark: this.#newMark,
      checkOpen: () => this.#checkOpen(),
      tryAgainWithin: this.#patience / 2,
      clock: this.#clock,
      log: this.#log.child({ collection: name }),
    });
  }

  #checkOpen(): void {
    if (this.#closed) throw new HedgerowError(STORE_ERRORS.STORE_FAILED, 'the store is closed');
  }
}

function namedIn(url: string): string {
  const [, name] = /^[^/]*\/\/[^/?]*\/([^?]+)/.exec(url) ?? [];
  return name === undefined ? 'hedgerow' : decodeURIComponent(name);
}
