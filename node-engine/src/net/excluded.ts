import type { DetachRequest, TableEntry } from '@hedgerow/protos';

export type InstanceName = DetachRequest;

/** Instances of this worker that must not be in their service IP, whatever the cluster says of them. */
export class Excluded {
  /** numbers by job name */
  readonly #instances = new Map<string, Set<number>>();

  /** @returns whether it was not excluded before */
  add({ serviceName, instanceNumber }: InstanceName): boolean {
    const numbers = this.#instances.get(serviceName) ?? new Set();
    this.#instances.set(serviceName, numbers);
    const known = numbers.has(instanceNumber);
    numbers.add(instanceNumber);
    return !known;
  }

  /** @returns whether it was excluded */
  delete({ serviceName, instanceNumber }: InstanceName): boolean {
    const numbers = this.#instances.get(serviceName);
    const known = numbers?.delete(instanceNumber) ?? false;
    if (numbers?.size === 0) this.#instances.delete(serviceName);
    return known;
  }

  /** @param workerId a copy of the instance that runs elsewhere is not meant */
  without(entry: TableEntry, workerId: string): TableEntry {
    const numbers = this.#instances.get(entry.job_name);
    if (!numbers) return entry;
    const instances = entry.instances.map(instance =>
      instance.worker_id === workerId && numbers.has(instance.instance_number)
        ? { ...instance, namespace_ip: '' }
        : instance,
    );
    return { ...entry, instances };
  }
}
