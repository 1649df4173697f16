/**
 * A disk: a store that outlives the processes that open it, answers after a while, may be full, and of a killed process
 * has what was written before and nothing of what was not.
 */
import {
  type ArchivableStore,
  type Archived,
  type Collection,
  type Document,
  HedgerowError,
  openSqlite,
  STORE_ERRORS,
  type Store,
} from '@hedgerow/common';
import type { Process } from '../time/process.ts';

/** ms that a commit takes */
const COMMIT = 2;
/** ms until a process hears of it */
const ANSWER = 0.3;

type Task = { run: () => Promise<() => void> };

export class Disk {
  wasFull = false;
  #isFull = false;
  /** for those who look from outside */
  raw: ArchivableStore = openSqlite({ file: ':memory:', durability: 'normal' });

  get isFull(): boolean {
    return this.#isFull;
  }

  set isFull(isFull: boolean) {
    this.#isFull = isFull;
    this.wasFull ||= isFull;
  }

  /** @returns the store as this process has it */
  open(process: Process): Store {
    const queue = new Queue(this, process);
    return {
      collection: (name, indexes) => collectionOf(this.raw.collection(name, indexes), queue, process),
      shared: false,
      ping: () => queue.read(() => this.raw.ping()),
      close: async () => {},
    };
  }

  async backup(): Promise<Archived[]> {
    const documents: Archived[] = [];
    for await (const document of this.raw.dump()) documents.push(document);
    return documents;
  }

  /** Puts it back. No process may have it open. */
  async restore(documents: readonly Archived[]): Promise<void> {
    await this.raw.close();
    this.raw = openSqlite({ file: ':memory:', durability: 'normal' });
    for (const { collection, document } of documents) {
      this.raw.collection(collection, []);
      await this.raw.load(collection, [document]);
    }
  }

  end(): Promise<void> {
    return this.raw.close();
  }
}

/** Writes of one turn share a commit; what is read after a write waits with it. */
class Queue {
  readonly #disk: Disk;
  readonly #process: Process;
  #waiting: Task[] = [];

  constructor(disk: Disk, process: Process) {
    this.#disk = disk;
    this.#process = process;
  }

  read<R>(action: () => Promise<R>): Promise<R> {
    if (this.#waiting.length === 0) return action();
    return new Promise((resolve, reject) => this.#waiting.push(task(action, resolve, reject)));
  }

  write<R>(action: () => Promise<R>, told: (result: R) => void = () => {}): Promise<R> {
    if (this.#waiting.length === 0) this.#process.after(COMMIT, () => void this.#commit());
    return new Promise((resolve, reject) => {
      const stored = (result: R) => {
        told(result);
        resolve(result);
      };
      this.#waiting.push(task(() => this.#guarded(action), stored, reject));
    });
  }

  async #commit(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    const answers: (() => void)[] = [];
    for (const { run } of batch) answers.push(await run());
    this.#process.after(ANSWER, () => {
      for (const answer of answers) answer();
    });
  }

  #guarded<R>(action: () => Promise<R>): Promise<R> {
    if (!this.#disk.isFull) return action();
    throw new HedgerowError(STORE_ERRORS.STORE_FULL, 'store: database or disk is full');
  }
}

function task<R>(
  action: () => Promise<R>,
  resolve: (result: R) => void,
  reject: (error: unknown) => void,
): Task {
  return {
    async run() {
      try {
        const result = await action();
        return () => resolve(result);
      } catch (error) {
        return () => reject(error);
      }
    },
  };
}

function collectionOf<T extends Document>(
  inner: Collection<T>,
  queue: Queue,
  process: Process,
): Collection<T> {
  const watchers = new Set<(id: string, document: T | null) => void>();
  const tell = (id: string, document: T | null) => {
    for (const watcher of watchers) process.enter(() => watcher(id, document));
  };
  return {
    get: id => queue.read(() => inner.get(id)),
    find: (filter, page) => queue.read(() => inner.find(filter, page)),
    insert: document =>
      queue.write(
        () => inner.insert(document),
        stored => tell(stored.id, stored),
      ),
    replace: (document, revision) =>
      queue.write(
        () => inner.replace(document, revision),
        stored => tell(stored.id, stored),
      ),
    remove: (id, revision) =>
      queue.write(
        () => inner.remove(id, revision),
        removed => {
          if (removed) tell(id, null);
        },
      ),
    watch(watcher) {
      const own: typeof watcher = (id, document) => watcher(id, document);
      watchers.add(own);
      return () => watchers.delete(own);
    },
  };
}
