import { type Logger, messageOf } from '@hedgerow/common';
import type { Clusters } from '../clusters/clusters.ts';
import { about } from '../logs/story.ts';
import type { Instance } from '../model.ts';
import type { Addresses } from '../ports.ts';
import type { InstanceStore } from './instance-store.ts';
import { leftBehind } from './moves.ts';

export interface RemovalParts {
  instances: InstanceStore;
  clusters: Clusters;
  addresses: Addresses;
  log: Logger;
  /** Called when an instance has left its cluster: there may be room for others. */
  left: () => void;
}

/** Ends instances that are not wanted. The document goes when every cluster that may have it has said that nothing is left. */
export class Removal {
  readonly #parts: RemovalParts;
  /** instances that are gone and whose address is not free yet */
  readonly #unreleased = new Set<string>();

  constructor(parts: RemovalParts) {
    this.#parts = parts;
  }

  /**
   * May be called again and again: a cluster answers Remove of what it does not know, too. One that somebody removed
   * from the root answers no more.
   */
  async begin(instance: Instance): Promise<void> {
    const { cluster_id, service_id, instance_number, request_id } = instance;
    if (cluster_id === '' || !this.#parts.clusters.isKnown(cluster_id)) return this.finish(instance);
    this.#parts.clusters.session(cluster_id)?.send({ remove: { service_id, instance_number, request_id } });
  }

  /**
   * Its cluster has nothing left of it. The document goes first: a claim without an owner is freed later, an owner
   * without its address is not mended.
   */
  async finish(instance: Instance): Promise<void> {
    const next = this.#nextWithCopy(instance);
    if (next !== undefined) return this.#handOver(instance, next);
    await this.#parts.instances.remove(instance.id);
    this.#parts.log.info(about(instance), 'instance removed');
    this.#parts.left();
    this.#unreleased.add(instance.id);
    await this.#release(instance.id);
  }

  /** Frees what could not be freed when its instance went. */
  async releaseAgain(): Promise<void> {
    for (const id of this.#unreleased) await this.#release(id);
  }

  /** A copy that a lost cluster still has keeps the address, or somebody else would get it meanwhile. */
  #nextWithCopy({ left = [], cluster_id }: Instance): string | undefined {
    return left.find(id => id !== cluster_id && this.#parts.clusters.isKnown(id));
  }

  async #handOver({ id }: Instance, clusterId: string): Promise<void> {
    const status_detail = `cluster ${this.#parts.clusters.nameOf(clusterId)} may still have a copy; it is waited for`;
    const instance = await this.#parts.instances.change(id, ({ left = [], desired }) =>
      desired === 'gone' ? { cluster_id: clusterId, left: leftBehind(left, clusterId), status_detail } : null,
    );
    if (instance?.cluster_id === clusterId) await this.begin(instance);
  }

  async #release(id: string): Promise<void> {
    try {
      await this.#parts.addresses.release(`instance/${id}`);
      this.#unreleased.delete(id);
    } catch (error) {
      const fields = { instance: id, cause: messageOf(error) };
      this.#parts.log.warn(fields, 'the address of a removed instance is not free yet; tried again');
    }
  }
}
