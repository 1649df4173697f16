/**
 * Hears of what other processes write to one collection: from the server's change stream where it has one (a replica
 * set), else by comparing `_id` and `write` of all documents about every half second. After every gap, such as a lost
 * connection, everything is compared, so that nothing is missed.
 */
import { type ChangeStream, type Collection, MongoServerError } from 'mongodb';
import { type Clock, pause } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { redact } from './errors.ts';
import type { Feed, Marks } from './feed.ts';
import type { MongodbRecord } from './record.ts';

export interface FollowerDeps {
  records: Collection<MongodbRecord>;
  feed: Feed;
  clock: Clock;
  log: Logger;
}

/** ms between two comparisons, and before a lost server is asked again */
const POLL = 500;
/** A comparison that took long is followed by a rest of so many times as long: polling costs at most a tenth. */
const REST = 9;
/** ms after which a server that refused a change stream is asked again: it may have become a replica set */
const ASK_AGAIN = 30_000;
/** ms that the server may hold an empty answer back; well below the socket's timeout */
const HOLD = 1000;
/** ms to wait after an empty answer that it did not hold back */
const PAUSE = 100;
/** documents that one query reads */
const BATCH = 500;

export class Follower {
  readonly #deps: FollowerDeps;
  #baseline: Promise<void> | undefined;
  #draining: Promise<void> | undefined;
  #stopped = false;
  #wake = (): void => {};
  #troubled = false;
  #refused = false;

  constructor(deps: FollowerDeps) {
    this.#deps = deps;
    void this.#run();
  }

  /**
   * Resolves when it is known what was there when the watching began. Reads wait for it: what they find and what is told
   * later has no gap between.
   */
  ready(): Promise<void> {
    this.#baseline ??= this.#readBaseline().catch((error: unknown) => {
      this.#baseline = undefined;
      throw error;
    });
    return this.#baseline;
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  async #readBaseline(): Promise<void> {
    this.#deps.feed.reading();
    const marks = await this.#marks();
    if (!this.#stopped) this.#deps.feed.baseline(marks);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.ready();
        const stream = await this.#openStream();
        if (stream) await this.#listen(stream).finally(() => closeQuietly(stream));
        else await this.#poll();
      } catch (error) {
        this.#trouble(error);
        await this.#sleep(POLL);
      }
    }
  }

  /** @returns null when the server has none */
  async #openStream(): Promise<ChangeStream<MongodbRecord> | null> {
    const options = { maxAwaitTimeMS: HOLD };
    const stream = this.#deps.records.watch<MongodbRecord>([{ $project: { documentKey: 1 } }], options);
    try {
      this.#hear(await stream.tryNext());
      return stream;
    } catch (error) {
      await closeQuietly(stream);
      if (!(error instanceof MongoServerError)) throw error;
      if (!this.#refused) this.#deps.log.info({ cause: messageOf(error) }, 'no change stream: polling');
      this.#refused = true;
      return null;
    }
  }

  async #listen(stream: ChangeStream<MongodbRecord>): Promise<void> {
    await this.#compare();
    while (!this.#stopped) {
      const { clock } = this.#deps;
      const asked = clock.monotonic();
      const event = await stream.tryNext();
      this.#hear(event);
      if (event === null && clock.monotonic() - asked < PAUSE) await this.#sleep(PAUSE);
      // Not awaited, so that what comes in meanwhile is read in one go; a failure comes out where it is awaited.
      void this.#drain().catch(error => this.#trouble(error));
    }
  }

  async #poll(): Promise<void> {
    const { clock } = this.#deps;
    const until = clock.monotonic() + ASK_AGAIN;
    for (let now = clock.monotonic(); !this.#stopped && now < until; now = clock.monotonic()) {
      await this.#compare();
      await this.#sleep(Math.max(POLL, REST * (clock.monotonic() - now)));
    }
  }

  #hear(event: unknown): void {
    if (event === null) return;
    const { documentKey } = event as { documentKey?: { _id: string } };
    if (!documentKey) throw new Error('the collection was dropped or renamed');
    this.#deps.feed.hint(documentKey._id);
  }

  async #compare(): Promise<void> {
    this.#deps.feed.compare(await this.#marks());
    await this.#drain();
    if (this.#troubled) this.#deps.log.info({}, 'hearing of changes by other processes again');
    this.#troubled = false;
  }

  #drain(): Promise<void> {
    this.#draining ??= this.#drainAll().finally(() => {
      this.#draining = undefined;
    });
    return this.#draining;
  }

  async #drainAll(): Promise<void> {
    const { feed, records } = this.#deps;
    for (let ids = feed.due(BATCH); ids.length > 0 && !this.#stopped; ids = feed.due(BATCH)) {
      feed.reading();
      const found = await records.find({ _id: { $in: ids } }).toArray();
      if (!this.#stopped) feed.settle(ids, found);
    }
  }

  async #marks(): Promise<Marks> {
    const marks = new Map<string, string>();
    const cursor = this.#deps.records.find({}, { projection: { write: 1 }, batchSize: 10_000 });
    for await (const { _id, write } of cursor) marks.set(_id, write);
    return marks;
  }

  #trouble(error: unknown): void {
    if (this.#stopped) return;
    const cause = redact(messageOf(error));
    if (!this.#troubled)
      this.#deps.log.warn({ cause }, 'changes by other processes are not heard of for now');
    this.#troubled = true;
  }

  #sleep(ms: number): Promise<void> {
    const sleep = pause(this.#deps.clock, ms);
    this.#wake = () => sleep.end();
    if (this.#stopped) sleep.end();
    return sleep.over;
  }
}

async function closeQuietly(stream: ChangeStream<MongodbRecord>): Promise<void> {
  await stream.close().catch(() => {}); // it ended with the connection
}
