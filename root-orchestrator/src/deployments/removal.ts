import { type Logger, messageOf } from '@hedgerow/common';
import type { Clusters } from '../clusters/clusters.ts';
import { about } from '../logs/story.ts';
import type { Instance } from '../model.ts';
import type { Addresses } from '../ports.ts';
import type { InstanceStore } from './instance-store.ts';

export interface RemovalParts {
  instances: InstanceStore;
  clusters: Clusters;
  addresses: Addresses;
  log: Logger;
  /** Called when an instance has left its cluster: there may be room for others. */
  left: () => void;
}

/** Ends instances that are not wanted. The document goes when its cluster has said that nothing is left. */
export class Removal {
  readonly #parts: RemovalParts;
  /** instances that are gone and whose address is not free yet */
  readonly #unreleased = new Set<string>();

  constructor(parts: RemovalParts) {
    this.#parts = parts;
  }

  /** May be called again and again: a cluster answers Remove of what it does not know, too. */
  async begin(instance: Instance): Promise<void> {
    if (instance.cluster_id === '') return this.finish(instance);
    const { service_id, instance_number, request_id } = instance;
    this.#parts.clusters
      .session(instance.cluster_id)
      ?.send({ remove: { service_id, instance_number, request_id } });
  }

  /** The document goes first: a claim without an owner is freed later, an owner without its address is not mended. */
  async finish(instance: Instance): Promise<void> {
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
