/** Services of other clusters, as the root last told; on disk, so that a restart without the root forgets none. */
import { type Clock, type Collection, type Logger, messageOf, put, SerialByKey } from '@hedgerow/common';
import type { TableEntry } from '@hedgerow/protos';
import type { StoredRemoteEntry } from '../model.ts';

/** ms until what could not be stored is tried again */
const AGAIN = 5000;

export class RemoteEntries {
  readonly #collection: Collection<StoredRemoteEntry>;
  readonly #deps: { clock: Clock; log: Logger };
  readonly #byName = new Map<string, TableEntry>();
  readonly #writes = new SerialByKey();
  /** job names whose entry on disk is an older one */
  readonly #unsaved = new Set<string>();
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor(collection: Collection<StoredRemoteEntry>, deps: { clock: Clock; log: Logger }) {
    this.#collection = collection;
    this.#deps = deps;
  }

  async load(): Promise<void> {
    for (const { entry } of await this.#collection.find()) this.#byName.set(entry.job_name, entry);
  }

  get(jobName: string): TableEntry | undefined {
    return this.#byName.get(jobName);
  }

  all(): Iterable<TableEntry> {
    return this.#byName.values();
  }

  set(entry: TableEntry): void {
    if (entry.removed) this.#byName.delete(entry.job_name);
    else this.#byName.set(entry.job_name, entry);
    void this.#write(entry.job_name);
  }

  /** Resolves when everything is on disk that can be. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    return this.#writes.idle();
  }

  /** The root believes that it was told: it does not tell an entry again that could not be stored. */
  #write(jobName: string): Promise<void> {
    return this.#writes.run(jobName, async () => {
      const entry = this.#byName.get(jobName);
      try {
        if (entry) {
          await put(this.#collection, { id: jobName, entry, application_id: entry.application_id });
        } else await this.#collection.remove(jobName);
        this.#unsaved.delete(jobName);
      } catch (error) {
        this.#failed(jobName, error);
      }
    });
  }

  /** Said of the first one alone. */
  #failed(jobName: string, error: unknown): void {
    const fields = { service: jobName, error: messageOf(error) };
    if (this.#unsaved.size === 0)
      this.#deps.log.warn(fields, 'table entries cannot be stored; they are tried again');
    this.#unsaved.add(jobName);
    if (this.#stopped) return;
    this.#cancel ??= this.#deps.clock.after(AGAIN, () => {
      this.#cancel = null;
      for (const name of this.#unsaved) void this.#write(name);
    });
  }
}
