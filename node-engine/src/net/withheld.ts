import { type Collection, type Document, type Logger, messageOf, put, type Store } from '@hedgerow/common';
import type { DetachRequest, TableEntry } from '@hedgerow/protos';

export type InstanceName = DetachRequest;

interface WithheldDocument extends Document {
  numbers: number[];
  entry: TableEntry | null;
}

interface Service {
  numbers: Set<number>;
  /** what the cluster told last; null = nothing since this engine began */
  entry: TableEntry | null;
}

/**
 * Instances of this worker whose addresses are kept from the Net Manager, whatever the cluster says of them. On disk, with
 * what the cluster said: a worker that is switched off meanwhile can give them back when it is on again without its cluster.
 */
export class Withheld {
  readonly #documents: Collection<WithheldDocument>;
  readonly #log: Logger;
  /** by job name */
  readonly #services = new Map<string, Service>();
  /** writes in their order */
  #tail: Promise<void> = Promise.resolve();

  private constructor(documents: Collection<WithheldDocument>, log: Logger) {
    this.#documents = documents;
    this.#log = log;
  }

  static async load(store: Store, log: Logger): Promise<Withheld> {
    const withheld = new Withheld(store.collection<WithheldDocument>('withheld', []), log);
    for (const { id, numbers, entry } of await withheld.#documents.find())
      withheld.#services.set(id, { numbers: new Set(numbers), entry });
    return withheld;
  }

  /** @param entry what the cluster told of the service, if it did. @returns whether it was not withheld before */
  add({ serviceName, instanceNumber }: InstanceName, entry: TableEntry | null): boolean {
    const service = this.#services.get(serviceName) ?? { numbers: new Set(), entry };
    if (service.numbers.has(instanceNumber)) return false;
    service.numbers.add(instanceNumber);
    this.#services.set(serviceName, service);
    this.#save(serviceName);
    return true;
  }

  /** Forgets those of instances that there are not any more: an engine may be killed while it removes one. */
  keep(isKnown: (instance: InstanceName) => boolean): void {
    for (const [serviceName, { numbers }] of [...this.#services])
      for (const instanceNumber of [...numbers])
        if (!isKnown({ serviceName, instanceNumber })) this.delete({ serviceName, instanceNumber });
  }

  /** @returns what the cluster told last of the service; null when it was not withheld */
  delete({ serviceName, instanceNumber }: InstanceName): Pick<Service, 'entry'> | null {
    const service = this.#services.get(serviceName);
    if (!service?.numbers.delete(instanceNumber)) return null;
    if (service.numbers.size === 0) this.#services.delete(serviceName);
    this.#save(serviceName);
    return service;
  }

  /** The cluster has told something else of the service. */
  told(entry: TableEntry): void {
    const service = this.#services.get(entry.job_name);
    if (!service) return;
    service.entry = entry;
    this.#save(entry.job_name);
  }

  /** @param workerId a copy of the instance that runs elsewhere is not meant */
  without(entry: TableEntry, workerId: string): TableEntry {
    const numbers = this.#services.get(entry.job_name)?.numbers;
    if (!numbers) return entry;
    const instances = entry.instances.map(instance =>
      instance.worker_id === workerId && numbers.has(instance.instance_number)
        ? { ...instance, namespace_ip: '' }
        : instance,
    );
    return { ...entry, instances };
  }

  /** @returns what the cluster told of a service of which the Net Manager may have been told less */
  whole(found: TableEntry): TableEntry {
    const service = this.#services.get(found.job_name);
    if (!service) return found;
    if (!service.entry) this.told(found);
    return service.entry ?? found;
  }

  /** Has nothing been told that is to be withheld? */
  isWithout(entry: TableEntry, workerId: string): boolean {
    const { instances } = this.without(entry, workerId);
    return instances.every(({ namespace_ip }, at) => namespace_ip === entry.instances[at]?.namespace_ip);
  }

  /** Resolves when all is on disk. */
  settled(): Promise<void> {
    return this.#tail;
  }

  #save(id: string): void {
    this.#tail = this.#tail
      .then(async () => {
        const service = this.#services.get(id);
        if (service) await put(this.#documents, { id, entry: service.entry, numbers: [...service.numbers] });
        else await this.#documents.remove(id);
      })
      .catch((error: unknown) => {
        this.#log.warn({ service: id }, `not noted on disk: ${messageOf(error)}`);
      });
  }
}
