/**
 * A full disk must keep nobody from removing what is to go, nor from noting what has happened: such writes are kept in
 * memory and in a reserve, and stored when there is room. Orders are not among them: they would need room of their own.
 */
import {
  type Clock,
  type Collection,
  type Document,
  type Filter,
  isErrorOf,
  type Logger,
  messageOf,
  type New,
  type Page,
  SerialByKey,
  STORE_ERRORS,
  type Store,
} from '@hedgerow/common';
import type { Reserve } from './reserve.ts';

/** ms */
const TRY_AGAIN = 5000;

export interface PatienceDeps {
  /** where they outlive the engine */
  reserve: Reserve;
  clock: Clock;
  log: Logger;
}

/** May this write wait, though whoever asked for it is told that it was done? */
export type MayWait<T extends Document> = (before: T, next: New<T>) => boolean;

/**
 * With what an earlier engine could not store.
 * @param rules by collection; others are as they were
 */
export async function patientStore(
  store: Store,
  rules: Readonly<Record<string, MayWait<never>>>,
  deps: PatienceDeps,
): Promise<Store> {
  await dropOvertaken(store, deps.reserve);
  const patient = new Map<string, PatientCollection<never>>();
  return {
    collection<T extends Document>(name: string, indexes: readonly (keyof T & string)[]) {
      const mayWait = rules[name] as MayWait<T> | undefined;
      if (!mayWait) return store.collection<T>(name, indexes);
      const known = patient.get(name) as unknown as PatientCollection<T> | undefined;
      const inner = store.collection<T>(name, indexes);
      const made = known ?? new PatientCollection(name, inner, mayWait, deps);
      patient.set(name, made as unknown as PatientCollection<never>);
      return made;
    },
    shared: store.shared,
    ping: () => store.ping(),
    async close() {
      for (const collection of patient.values()) await collection.end();
      deps.reserve.close();
      await store.close();
    },
  };
}

async function dropOvertaken(store: Store, reserve: Reserve): Promise<void> {
  for (const write of reserve.writes) {
    const stored = await store.collection(write.collection, []).get(write.id);
    if (stored?.revision !== write.revision) reserve.drop(write);
  }
}

class PatientCollection<T extends Document> implements Collection<T> {
  readonly #name: string;
  readonly #inner: Collection<T>;
  readonly #mayWait: MayWait<T>;
  readonly #deps: PatienceDeps;
  /** what is so but not on the disk; null = removed */
  readonly #late = new Map<string, T | null>();
  /** one write of a document after the other: what is stored late must not overtake what came after it */
  readonly #turns = new SerialByKey();
  #cancel = (): void => {};

  constructor(name: string, inner: Collection<T>, mayWait: MayWait<T>, deps: PatienceDeps) {
    this.#name = name;
    this.#inner = inner;
    this.#mayWait = mayWait;
    this.#deps = deps;
    const earlier = deps.reserve.writes.filter(({ collection }) => collection === name);
    for (const { id, document } of earlier) this.#late.set(id, document as T | null);
    if (earlier.length > 0) this.#try();
  }

  async get(id: string): Promise<T | null> {
    const late = this.#late.get(id);
    return late === undefined ? this.#inner.get(id) : late;
  }

  async find(filter?: Filter<T>, page?: Page): Promise<T[]> {
    const found = await this.#inner.find(filter, page);
    return found.map(it => this.#late.get(it.id) ?? it).filter(it => this.#late.get(it.id) !== null);
  }

  insert(document: New<T>): Promise<T> {
    return this.#turns.run(document.id, () =>
      this.#late.get(document.id) === null ? this.#overwrite(document) : this.#inner.insert(document),
    );
  }

  replace(next: New<T>, expectedRevision: number): Promise<T> {
    return this.#turns.run(next.id, () => this.#replace(next, expectedRevision));
  }

  remove(id: string, expectedRevision?: number): Promise<boolean> {
    return this.#turns.run(id, () => this.#remove(id, expectedRevision));
  }

  async #replace(next: New<T>, expectedRevision: number): Promise<T> {
    const before = await this.get(next.id);
    try {
      const late = this.#late.has(next.id);
      return await (late ? this.#overwrite(next) : this.#inner.replace(next, expectedRevision));
    } catch (error) {
      if (!isDisk(error) || !before || !this.#mayWait(before, next)) throw error;
      const late = { ...next, revision: expectedRevision + 1 } as T;
      await this.#keep(next.id, late, error);
      return late;
    }
  }

  async #remove(id: string, expectedRevision?: number): Promise<boolean> {
    try {
      const revision = this.#late.has(id) ? undefined : expectedRevision;
      const removed = await this.#inner.remove(id, revision);
      this.#stored(id);
      return removed;
    } catch (error) {
      if (!isDisk(error)) throw error;
      await this.#keep(id, null, error);
      return true;
    }
  }

  watch(watcher: Parameters<Collection<T>['watch']>[0]): () => void {
    return this.#inner.watch(watcher);
  }

  /** The last try; what is lost then is found by the comparison with the cluster. */
  async end(): Promise<void> {
    this.#cancel();
    await this.#settle().catch((error: unknown) => {
      this.#deps.log.error({ ids: [...this.#late.keys()] }, `not stored at the end: ${messageOf(error)}`);
    });
  }

  async #overwrite(document: New<T>): Promise<T> {
    const current = await this.#inner.get(document.id);
    const stored = current
      ? await this.#inner.replace(document, current.revision)
      : await this.#inner.insert(document);
    this.#stored(document.id);
    return stored;
  }

  async #keep(id: string, document: T | null, error: unknown): Promise<void> {
    if (this.#late.size === 0)
      this.#deps.log.error({ id }, `not stored, kept for later: ${messageOf(error)}`);
    this.#late.set(id, document);
    this.#tryLater();
    try {
      const stored = await this.#inner.get(id);
      if (!stored || this.#reserved(stored, document)) return;
      this.#deps.log.error({ id }, 'kept in memory alone');
    } catch (unread) {
      this.#deps.log.error({ id }, `kept in memory alone: ${messageOf(unread)}`);
    }
  }

  #reserved({ id, revision }: T, document: T | null): boolean {
    return this.#deps.reserve.keep({ collection: this.#name, id, revision, document });
  }

  /** There is room, also for a reserve that had none when this engine began. */
  #stored(id: string): void {
    this.#late.delete(id);
    this.#deps.reserve.drop({ collection: this.#name, id });
    this.#deps.reserve.prepare();
  }

  #tryLater(): void {
    this.#cancel();
    this.#cancel = this.#deps.clock.after(TRY_AGAIN, () => this.#try());
  }

  #try(): void {
    this.#settle().then(
      () => {
        this.#deps.log.info({}, 'what could not be stored is stored');
      },
      () => this.#tryLater(),
    );
  }

  async #settle(): Promise<void> {
    for (const id of [...this.#late.keys()]) await this.#turns.run(id, () => this.#settleOne(id));
  }

  async #settleOne(id: string): Promise<void> {
    const document = this.#late.get(id);
    if (document) await this.#overwrite(document);
    else if (document === null) await this.#inner.remove(id);
    if (document !== undefined) this.#stored(id);
  }
}

export function isDisk(error: unknown): boolean {
  return isErrorOf(error, STORE_ERRORS.STORE_FULL) || isErrorOf(error, STORE_ERRORS.STORE_FAILED);
}
