import type { Logger } from '@hedgerow/common';
import { aboutInstance, type InstanceFields, isWrittenBy } from '@hedgerow/protos';
import type { Instance } from '../model.ts';

/** In every log line about an instance. */
export function about(instance: Instance): InstanceFields & { job: string } {
  return { ...aboutInstance(instance), job: instance.job_name };
}

/** Of an instance that may not be known. */
export function aboutKnown(
  instances: { get(id: string): Instance | undefined },
  id: string,
): Partial<InstanceFields> {
  const instance = instances.get(id);
  return instance ? about(instance) : { instance: id };
}

export interface StoryDeps {
  log: Logger;
  /** of a cluster */
  nameOf(clusterId: string): string;
}

/**
 * Writes one line for each step of an instance's life. One that waits is asked for again and again, of the same
 * clusters; each of them is told once, until a worker has the instance.
 */
export class Story {
  readonly #deps: StoryDeps;
  readonly #asked = new Map<string, Set<string>>();

  constructor(deps: StoryDeps) {
    this.#deps = deps;
  }

  /** @param before undefined = not known until now */
  changed(before: Instance | undefined, after: Instance): void {
    if (after.desired === 'gone') this.#asked.delete(after.id);
    if (!before || before.status === after.status) return;
    const { status } = after;
    if (status === 'CLUSTER_SCHEDULED') this.#scheduled(after);
    else if (status === 'NODE_SCHEDULED' || isWrittenBy('worker', status)) {
      this.#asked.delete(after.id);
      this.#tell(after);
    }
  }

  #scheduled(instance: Instance): void {
    const asked = this.#asked.get(instance.id) ?? new Set();
    if (asked.has(instance.cluster_id)) return;
    this.#asked.set(instance.id, asked.add(instance.cluster_id));
    this.#tell(instance);
  }

  #tell(instance: Instance): void {
    const { status, status_detail, cluster_id, worker_id } = instance;
    const cluster = cluster_id === '' ? {} : { cluster: this.#deps.nameOf(cluster_id) };
    const worker = worker_id === '' ? {} : { worker: worker_id };
    const level = status === 'FAILED' || status === 'DEAD' ? 'warn' : 'info';
    this.#deps.log[level]({ ...about(instance), ...cluster, ...worker, status }, status_detail || status);
  }
}
