/** Services of other clusters, as the root last told; on disk, so that a restart without the root forgets none. */
import { type Collection, type Logger, messageOf, put, SerialByKey } from '@hedgerow/common';
import type { TableEntry } from '@hedgerow/protos';
import type { StoredRemoteEntry } from '../model.ts';

export class RemoteEntries {
  readonly #collection: Collection<StoredRemoteEntry>;
  readonly #log: Logger;
  readonly #byName = new Map<string, TableEntry>();
  readonly #writes = new SerialByKey();

  constructor(collection: Collection<StoredRemoteEntry>, log: Logger) {
    this.#collection = collection;
    this.#log = log;
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

  /** Resolves when everything is on disk. */
  idle(): Promise<void> {
    return this.#writes.idle();
  }

  /** An entry that could not be stored is told again by the root when it connects. */
  #write(jobName: string): Promise<void> {
    return this.#writes.run(jobName, async () => {
      const entry = this.#byName.get(jobName);
      try {
        if (entry) {
          await put(this.#collection, { id: jobName, entry, application_id: entry.application_id });
        } else await this.#collection.remove(jobName);
      } catch (error) {
        this.#log.warn({ service: jobName, error: messageOf(error) }, 'table entry not stored');
      }
    });
  }
}
