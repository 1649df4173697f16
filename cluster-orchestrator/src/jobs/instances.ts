/**
 * The instances that this cluster has accepted. Memory is what everybody reads; the store is written behind it:
 * placements before they are acknowledged (`save`), statuses within WRITE_BEHIND (`set`), because the worker tells a
 * status again when it syncs, but nobody else knows a placement. What keeps an accepted instance running, or ends it, is
 * written at once and not given up when that fails (`keep`). So is the end of an address: a disk that says RUNNING with an
 * earlier one than the worker's would be believed after a kill, for both say RUNNING.
 */
import { type Clock, type Collection, type Logger, put, SerialByKey } from '@hedgerow/common';
import type { Move } from '@hedgerow/protos';
import { type Instance, isTombstone, isWaiting, type StoredInstance } from '../model.ts';
import { Disk, WRITE_AGAIN } from './disk.ts';

/** `before` is null for a new instance, `after` for one that is forgotten. */
export type InstanceListener = (before: Instance | null, after: Instance | null) => void;

/** ms; a start's three statuses become one write, which on an SD card takes some 10 ms */
const WRITE_BEHIND = 250;
/** Fields that documents of earlier versions do not have. */
const EARLIER = { moves: [], withdrawn: false, former: '' };

export interface InstancesDeps {
  collection: Collection<StoredInstance>;
  clock: Clock;
  log: Logger;
  /** rejects while nothing can be written */
  probe?: () => Promise<unknown>;
}

/** A change on its way to the disk, undone by `save` when it does not get there. */
interface Saving {
  /** what memory has of it by now */
  latest: Instance;
  /** never rejects */
  ended: Promise<void>;
}

export class Instances {
  readonly disk: Disk;
  readonly #deps: InstancesDeps;
  readonly #byId = new Map<string, Instance>();
  readonly #byWorker = new Map<string, Set<string>>();
  readonly #byApplication = new Map<string, Set<string>>();
  /** by job name */
  readonly #byService = new Map<string, Set<string>>();
  readonly #listeners: InstanceListener[] = [];
  readonly #dirty = new Set<string>();
  readonly #writes = new SerialByKey();
  /** by id: the last `save` that has not finished yet */
  readonly #saving = new Map<string, Saving>();
  #timer: (() => void) | undefined;

  constructor(deps: InstancesDeps) {
    this.#deps = deps;
    this.disk = new Disk(deps);
  }

  async load(): Promise<void> {
    for (const { revision: _, ...instance } of await this.#deps.collection.find()) {
      this.#swap(instance.id, { ...EARLIER, ...instance });
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

  isHosted(applicationId: string): boolean {
    return this.#byApplication.has(applicationId);
  }

  ofService(jobName: string): Instance[] {
    return this.#pick(this.#byService.get(jobName));
  }

  /** Longest waiting first. */
  waiting(): Instance[] {
    return this.#pick(this.#byWorker.get(''))
      .filter(isWaiting)
      .sort((a, b) => a.status_since - b.status_since);
  }

  /** Changes memory alone: for usage figures, which nobody misses after a restart. */
  observe(next: Instance): void {
    this.#touchUp(next);
    this.#swap(next.id, next);
  }

  /**
   * The root has been told these moves. Nobody else looks at moves, so nobody is told; the next write leaves them out,
   * and what is told twice after a crash the root knows.
   */
  told(id: string, moves: readonly Move[]): void {
    const now = this.#byId.get(id);
    if (!now || moves.length === 0 || now.moves.length === 0) return;
    const next = { ...now, moves: now.moves.filter(move => !moves.includes(move)) };
    this.#touchUp(next);
    this.#byId.set(id, next);
  }

  set(next: Instance): void {
    if (endsAddress(this.#byId.get(next.id), next)) return void this.keep(next);
    this.#swap(next.id, next);
    this.#writeLater(next.id);
  }

  /** As `set`, but on its way to the disk at once. Resolves when it is there, or when it has to be written later. */
  keep(next: Instance): Promise<void> {
    const { id } = next;
    this.#swap(id, next);
    const kept = this.#write(id).catch(() => this.#writeLater(id));
    return this.#begin(id, { latest: next, ended: kept });
  }

  /** Resolves when it is on disk. @throws the store's error; the change is then undone */
  save(next: Instance): Promise<void> {
    const { id } = next;
    const before = this.#byId.get(id) ?? null;
    this.#swap(id, next);
    const saving: Saving = { latest: next, ended: Promise.resolve() };
    const saved = this.#write(id).catch((error: unknown) => {
      if (this.#saving.get(id) === saving && this.#byId.get(id) === saving.latest) this.#swap(id, before);
      throw error;
    });
    saving.ended = saved.catch(() => {});
    void this.#begin(id, saving);
    return saved;
  }

  /** @returns what resolves when `get` no longer answers something that may be undone; undefined when that is now */
  saving(id: string): Promise<void> | undefined {
    return this.#saving.get(id)?.ended;
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
    for (const id of ids) this.#write(id).catch(() => this.#writeLater(id));
    await this.#writes.idle();
  }

  /** What cannot be written any more is left. */
  async stop(): Promise<void> {
    await this.flush();
    this.disk.stop();
    this.#timer?.();
  }

  #begin(id: string, saving: Saving): Promise<void> {
    this.#saving.set(id, saving);
    saving.ended = saving.ended.then(() => {
      if (this.#saving.get(id) === saving) this.#saving.delete(id);
    });
    return saving.ended;
  }

  /** It is still the same change that is being saved. */
  #touchUp(next: Instance): void {
    const saving = this.#saving.get(next.id);
    if (saving && saving.latest === this.#byId.get(next.id)) saving.latest = next;
  }

  #pick(ids: Iterable<string> | undefined): Instance[] {
    return [...(ids ?? [])].map(id => this.#byId.get(id)).filter(instance => instance !== undefined);
  }

  #swap(id: string, after: Instance | null): void {
    const before = this.#byId.get(id) ?? null;
    if (before) {
      drop(this.#byWorker, before.worker_id, id);
      drop(this.#byApplication, before.service.application_id, id);
      drop(this.#byService, before.service.job_name, id);
    }
    if (after) this.#byId.set(id, after);
    else this.#byId.delete(id);
    if (after && !isTombstone(after)) {
      add(this.#byWorker, after.worker_id, id);
      add(this.#byApplication, after.service.application_id, id);
      add(this.#byService, after.service.job_name, id);
    }
    for (const listener of this.#listeners) listener(before, after);
  }

  /** Writes what memory says when its turn comes, so the last write is always the latest state. */
  #write(id: string): Promise<void> {
    return this.#writes.run(id, async () => {
      const now = this.#byId.get(id);
      try {
        if (now) await put(this.#deps.collection, now);
        else await this.#deps.collection.remove(id);
      } catch (error) {
        this.disk.failed(error);
        throw error;
      }
      if (now) this.disk.wrote();
      if (this.#byId.get(id) === now) this.#dirty.delete(id);
    });
  }

  #writeLater(id: string): void {
    this.#dirty.add(id);
    this.#timer ??= this.#deps.clock.after(this.disk.failing ? WRITE_AGAIN : WRITE_BEHIND, () => {
      this.#timer = undefined;
      void this.flush();
    });
  }
}

function endsAddress(before: Instance | undefined, next: Instance): boolean {
  if (before?.status !== 'RUNNING') return false;
  return next.status !== 'RUNNING' || next.namespace_ip !== before.namespace_ip;
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
