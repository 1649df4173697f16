import type { Collection as Records } from 'mongodb';
import type { Clock } from '../../clock.ts';
import { HedgerowError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { SerialByKey } from '../../serial.ts';
import { checkedFilter, checkedName, checkedPage } from '../checks.ts';
import {
  type Collection,
  type Document,
  duplicate,
  type Expected,
  type Filter,
  type New,
  type Page,
  STORE_ERRORS,
  stale,
  type Watcher,
} from '../store.ts';
import { isDuplicateKey, isLostAnswer, translated } from './errors.ts';
import { Feed } from './feed.ts';
import { Follower } from './follower.ts';
import { decode, encode, type MongodbRecord } from './record.ts';

export interface CollectionDeps {
  name: string;
  records: Records<MongodbRecord>;
  /** draws a mark that no other write has, ever */
  newMark(): string;
  /** @throws STORE_FAILED when the store was closed */
  checkOpen(): void;
  /** ms; a write whose answer was lost later is not tried again: its caller has waited long enough */
  tryAgainWithin: number;
  clock: Clock;
  log: Logger;
}

export class MongodbCollection implements Collection<Document> {
  readonly #deps: CollectionDeps;
  /** field → its index is there */
  readonly #indexes = new Map<string, Promise<unknown> | undefined>();
  readonly #feed = new Feed();
  /** Own writes of one document come one after the other, so that watchers hear of them in their order. */
  readonly #writes = new SerialByKey();
  #follower: Follower | undefined;

  constructor(deps: CollectionDeps) {
    this.#deps = deps;
  }

  /** Allows `find` by these fields, too. */
  allow(indexes: readonly string[]): void {
    for (const field of indexes) this.#indexes.set(checkedName(field), this.#indexes.get(field));
  }

  get(id: string): Promise<Document | null> {
    return this.#read(async records => {
      const found = await records.findOne({ _id: id }, { projection: { body: 1 } });
      return found && decode(found);
    });
  }

  find(filter: Filter<Document> = {}, page: Page = {}): Promise<Document[]> {
    return this.#read(async records => {
      const fields = checkedFilter(filter, this.#indexes);
      const { after, limit } = checkedPage(page);
      if (limit === 0) return [];
      for (const [field] of fields) await this.#ensureIndex(field);
      const equal = this.#equal(filter);
      const query = after === undefined ? equal : { ...equal, _id: { $gt: after } };
      const options = { projection: { body: 1 }, sort: { _id: 1 }, limit: limit ?? 0 } as const;
      return (await records.find(query, options).toArray()).map(decode);
    });
  }

  async insert(fresh: New<Document>): Promise<Document> {
    const document = { ...fresh, revision: 1 };
    const record = encode(document, this.#deps.newMark());
    const send = async (): Promise<boolean> => {
      try {
        await this.#deps.records.insertOne(record);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    };
    return this.#store(document, record, send, duplicate);
  }

  async replace(next: New<Document>, expectedRevision: number): Promise<Document> {
    const document = { ...next, revision: expectedRevision + 1 };
    const record = encode(document, this.#deps.newMark());
    const { _id, ...replacement } = record;
    const send = async (): Promise<boolean> => {
      const query = { _id, revision: expectedRevision };
      return (await this.#deps.records.replaceOne(query, replacement)).matchedCount > 0;
    };
    return this.#store(document, record, send, stale);
  }

  async remove(id: string, expected: Expected<Document> = {}): Promise<boolean> {
    const { records } = this.#deps;
    const query =
      typeof expected === 'number' ? { _id: id, revision: expected } : { _id: id, ...this.#equal(expected) };
    return this.#write(id, async again => {
      const { deletedCount } = await records.deleteOne(query);
      const removed = deletedCount > 0 || (again && (await records.findOne({ _id: id })) === null);
      if (removed) this.#feed.removed(id);
      return removed;
    });
  }

  #equal(filter: Filter<Document>): Record<string, string | number | boolean> {
    const fields = checkedFilter(filter, this.#indexes);
    return Object.fromEntries(fields.map(([field, value]) => [`fields.${field}`, value]));
  }

  watch(watcher: Watcher<Document>): () => void {
    const forget = this.#feed.add(watcher);
    this.#follower ??= new Follower({ ...this.#deps, feed: this.#feed });
    return () => {
      forget();
      if (!this.#feed.watched) this.stop();
    };
  }

  /** Hears no more of others. */
  stop(): void {
    this.#follower?.stop();
    this.#follower = undefined;
    this.#feed.reset();
  }

  /** @param send says whether it was written */
  #store(
    document: Document,
    record: MongodbRecord,
    send: () => Promise<boolean>,
    refusal: (collection: string, id: string) => HedgerowError,
  ): Promise<Document> {
    return this.#write(document.id, async again => {
      const stored = (await send()) || (again && (await this.#isOurs(record)));
      if (!stored) throw refusal(this.#deps.name, document.id);
      this.#feed.wrote(document, record.write);
      return document;
    });
  }

  /**
   * For a write that was refused the second time: did the first one do it?
   * @throws STORE_FAILED when that cannot be known any more, because others have written since
   */
  async #isOurs({ _id, revision, write }: MongodbRecord): Promise<boolean> {
    const found = await this.#deps.records.findOne({ _id }, { projection: { revision: 1, write: 1 } });
    if (found?.write === write) return true;
    if (found && found.revision <= revision) return false;
    const message = `store ${this.#deps.name}: the answer to the write of ${_id} was lost, and it was changed since`;
    throw new HedgerowError(STORE_ERRORS.STORE_FAILED, message);
  }

  async #read<R>(action: (records: Records<MongodbRecord>) => Promise<R>): Promise<R> {
    try {
      this.#deps.checkOpen();
      await this.#follower?.ready();
      return await action(this.#deps.records);
    } catch (error) {
      throw translated(this.#deps.name, error);
    }
  }

  /** @param action `again`: it was tried before, and may have happened */
  #write<R>(id: string, action: (again: boolean) => Promise<R>): Promise<R> {
    return this.#writes.run(id, async () => {
      this.#feed.begin(id);
      try {
        this.#deps.checkOpen();
        return await this.#twice(action);
      } catch (error) {
        this.#feed.hint(id);
        throw translated(this.#deps.name, error);
      } finally {
        this.#feed.end(id);
      }
    });
  }

  /** The driver's own second try needs sessions, which not every server has. */
  async #twice<R>(action: (again: boolean) => Promise<R>): Promise<R> {
    const { clock, log, tryAgainWithin } = this.#deps;
    const begin = clock.monotonic();
    try {
      return await action(false);
    } catch (error) {
      if (!isLostAnswer(error) || clock.monotonic() - begin > tryAgainWithin) throw error;
      this.#deps.checkOpen();
      log.debug({ collection: this.#deps.name }, 'the answer to a write was lost; trying again');
      return action(true);
    }
  }

  /** It ends with the id, because that is the order of `find`. */
  #ensureIndex(field: string): Promise<unknown> {
    const known = this.#indexes.get(field);
    if (known) return known;
    const made = this.#deps.records.createIndex({ [`fields.${field}`]: 1, _id: 1 });
    this.#indexes.set(field, made);
    made.catch(() => this.#indexes.set(field, undefined));
    return made;
  }
}
