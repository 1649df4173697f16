/**
 * The instances that this cluster has accepted. Memory is what everybody reads; the store is written behind it:
 * placements before they are acknowledged (`save`), statuses within WRITE_BEHIND (`set`), because the worker tells a
 * status again when it syncs, but nobody else knows a placement.
 */
import { type Clock, type Collection, type Logger, messageOf, put, SerialByKey } from '@hedgerow/common';
import { aboutKnown } from '../logs/story.ts';
import { type Instance, isWaiting, type StoredInstance } from '../model.ts';

/** `before` is null for a new instance, `after` for one that is forgotten. */
export type InstanceListener = (before: Instance | null, after: Instance | null) => void;

/** ms; a start's three statuses become one write, which on an SD card takes some 10 ms */
const WRITE_BEHIND = 250;
/** ms; each try of each instance is a line in the log, and the log may lie on the disk that is full */
const WRITE_AGAIN = 5000;

export interface InstancesDeps {
  collection: Collection<StoredInstance>;
  clock: Clock;
  log: Logger;
}

export class Instances {
  readonly #deps: InstancesDeps;
  readonly #byId = new Map<string, Instance>();
  readonly #byWorker = new Map<string, Set<string>>();
  readonly #byApplication = new Map<string, Set<string>>();
  readonly #listeners: InstanceListener[] = [];
  readonly #dirty = new Set<string>();
  readonly #writes = new SerialByKey();
  /** by id: what `save` has not finished yet; never rejects */
  readonly #saving = new Map<string, Promise<void>>();
  #timer: (() => void) | undefined;

  constructor(deps: InstancesDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    for (const { revision: _, ...instance } of await this.#deps.collection.find()) {
      this.#swap(instance.id, instance);
    }
  }

  /** Called in order of registration, in the same turn as the change. */
  onChange(listener: InstanceListener): void {
    this.#listeners.push(listener);
  }

  get(id: string): Instance | undefined {
    return this.#byId.get(id);
  }

  all(): Instance[] {
    return [...this.#byId.values()];
  }

  onWorker(workerId: string): Instance[] {
    return this.#pick(this.#byWorker.get(workerId));
  }

  ofApplication(applicationId: string): Instance[] {
    return this.#pick(this.#byApplication.get(applicationId));
  }

  /** Longest waiting first. */
  waiting(): Instance[] {
    return this.#pick(this.#byWorker.get(''))
      .filter(isWaiting)
      .sort((a, b) => a.status_since - b.status_since);
  }

  /** Changes memory alone: for usage figures, which nobody misses after a restart. */
  observe(next: Instance): void {
    this.#swap(next.id, next);
  }

  set(next: Instance): void {
    this.#swap(next.id, next);
    this.#writeLater(next.id);
  }

  /** Resolves when it is on disk. @throws the store's error; the change is then undone */
  save(next: Instance): Promise<void> {
    const saved = this.#save(next);
    const ended = saved.then(
      () => {},
      () => {},
    );
    this.#saving.set(next.id, ended);
    void ended.then(() => {
      if (this.#saving.get(next.id) === ended) this.#saving.delete(next.id);
    });
    return saved;
  }

  /** @returns what resolves when `get` no longer answers something that may be undone; undefined when that is now */
  saving(id: string): Promise<void> | undefined {
    return this.#saving.get(id);
  }

  async #save(next: Instance): Promise<void> {
    const before = this.#byId.get(next.id) ?? null;
    this.#swap(next.id, next);
    try {
      await this.#write(next.id);
    } catch (error) {
      if (this.#byId.get(next.id) === next) this.#swap(next.id, before);
      throw error;
    }
  }

  forget(id: string): void {
    this.#swap(id, null);
    this.#writeLater(id);
  }

  /** Writes what is not on disk yet; for the end of the process. */
  async flush(): Promise<void> {
    this.#timer?.();
    this.#timer = undefined;
    const ids = [...this.#dirty];
    this.#dirty.clear();
    for (const id of ids) this.#write(id).catch((error: unknown) => this.#failed(id, error));
    await this.#writes.idle();
  }

  #pick(ids: Iterable<string> | undefined): Instance[] {
    return [...(ids ?? [])].map(id => this.#byId.get(id)).filter(instance => instance !== undefined);
  }

  #swap(id: string, after: Instance | null): void {
    const before = this.#byId.get(id) ?? null;
    if (before) {
      drop(this.#byWorker, before.worker_id, id);
      drop(this.#byApplication, before.service.application_id, id);
    }
    if (after) {
      this.#byId.set(id, after);
      add(this.#byWorker, after.worker_id, id);
      add(this.#byApplication, after.service.application_id, id);
    } else this.#byId.delete(id);
    for (const listener of this.#listeners) listener(before, after);
  }

  /** Writes what memory says when its turn comes, so the last write is always the latest state. */
  #write(id: string): Promise<void> {
    return this.#writes.run(id, async () => {
      const now = this.#byId.get(id);
      if (now) await put(this.#deps.collection, now);
      else await this.#deps.collection.remove(id);
      if (this.#byId.get(id) === now) this.#dirty.delete(id);
    });
  }

  #writeLater(id: string, delay = WRITE_BEHIND): void {
    this.#dirty.add(id);
    this.#timer ??= this.#deps.clock.after(delay, () => {
      this.#timer = undefined;
      void this.flush();
    });
  }

  #failed(id: string, error: unknown): void {
    this.#deps.log.error(
      { ...aboutKnown({ instances: this }, id), error: messageOf(error) },
      'instance could not be stored; trying again',
    );
    this.#writeLater(id, WRITE_AGAIN);
  }
}

function add(index: Map<string, Set<string>>, key: string, id: string): void {
  const ids = index.get(key) ?? new Set();
  ids.add(id);
  index.set(key, ids);
}

function drop(index: Map<string, Set<string>>, key: string, id: string): void {
  const ids = index.get(key);
  ids?.delete(id);
  if (ids?.size === 0) index.delete(key);
}
