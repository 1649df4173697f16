import type { Clock, Collection } from '@hedgerow/common';
import type { Handles, MetricRegistry } from '@hedgerow/common/metrics';
import type { Status } from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import { ROOT_METRICS } from './table.ts';

interface Known {
  status: Status;
  restarts: number;
  /** monotonic ms; null when it was requested before this root could see it, or has been running */
  requestedAt: number | null;
}

/** Results of the root's own scheduler. */
const NO_CLUSTER: readonly Status[] = [
  'TargetClusterNotFound',
  'TargetClusterNotActive',
  'TargetClusterNoCapacity',
  'NoActiveClusterWithCapacity',
];
const ENDED: readonly Status[] = ['DEAD', 'FAILED'];

interface Parts {
  registry: MetricRegistry;
  clock: Clock;
  /** Over a shared store every root sees every change; the one that leads counts it. */
  leads: () => boolean;
}

/** Follows the stored instances from one state to the next. */
export class InstanceEvents {
  readonly #metrics: Handles<typeof ROOT_METRICS>;
  readonly #clock: Clock;
  readonly #leads: () => boolean;
  readonly #known = new Map<string, Known>();

  constructor({ registry, clock, leads }: Parts) {
    this.#metrics = registry.open(ROOT_METRICS);
    this.#clock = clock;
    this.#leads = leads;
    for (const reason of NO_CLUSTER) this.#metrics.refused.add(0, { reason });
  }

  /** @returns its end */
  follow(instances: Pick<Collection<Instance>, 'watch'>): () => void {
    return instances.watch((id, instance) => {
      if (instance) this.#changed(instance);
      else this.#known.delete(id);
    });
  }

  restartsOf(id: string): number {
    return this.#known.get(id)?.restarts ?? 0;
  }

  #changed({ id, status, revision }: Instance): void {
    const before = this.#known.get(id) ?? { status: null, restarts: 0, requestedAt: null };
    const isNew = revision === 1 && status === 'REQUESTED';
    const requestedAt = isNew ? this.#clock.monotonic() : before.requestedAt;
    const moved = before.status !== status;
    const restarts = before.restarts + (moved && ENDED.includes(status) ? 1 : 0);
    if (moved && this.#leads()) this.#count(status, requestedAt);
    this.#known.set(id, { status, restarts, requestedAt: status === 'RUNNING' ? null : requestedAt });
  }

  #count(status: Status, requestedAt: number | null): void {
    if (status === 'RUNNING' && requestedAt !== null)
      this.#metrics.deploy.observe((this.#clock.monotonic() - requestedAt) / 1000);
    if (NO_CLUSTER.includes(status)) this.#metrics.refused.add(1, { reason: status });
  }
}
