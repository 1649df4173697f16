import type { Handles, MetricRegistry } from '@hedgerow/common/metrics';
import { type FromCluster, isStatus, STATUSES } from '@hedgerow/protos';
import type { Jobs } from '../jobs/context.ts';
import type { Instance } from '../model.ts';
import { CLUSTER_METRICS } from './table.ts';

type Metrics = Handles<typeof CLUSTER_METRICS>;

const ACCEPTED = 'accepted';
/** Counts what happens. Restarts are also kept for each instance, until it is forgotten. */
export class Events {
  readonly restarts = new Map<string, number>();
  readonly #metrics: Metrics;

  constructor(registry: MetricRegistry) {
    this.#metrics = registry.open(CLUSTER_METRICS);
    for (const result of [ACCEPTED, 'NO_WORKER_CAPACITY', 'NO_QUALIFIED_WORKER_FOUND', 'NO_NODE_FOUND'])
      this.#metrics.placements.add(0, { result });
    for (const [status, { deadline }] of Object.entries(STATUSES))
      if (deadline !== null) this.#metrics.deadlines.add(0, { status });
  }

  /** Listens to changes from now on. */
  follow({ instances, liveness }: Pick<Jobs, 'instances' | 'liveness'>): void {
    instances.onChange((before, after) => this.#changed(before, after));
    liveness.onChange((_, standing) => {
      if (standing === 'dead') this.#metrics.lost.add(1);
    });
  }

  sent(message: FromCluster): void {
    if (!message.place_answer) return;
    const { accepted, status } = message.place_answer;
    this.#metrics.placements.add(1, { result: accepted ? ACCEPTED : isStatus(status) ? status : 'other' });
  }

  overdue({ status }: Pick<Instance, 'status'>): void {
    this.#metrics.deadlines.add(1, { status });
  }

  connected(): void {
    this.#metrics.rootConnects.add(1);
  }

  #changed(before: Instance | null, after: Instance | null): void {
    if (!after) {
      if (before) this.restarts.delete(before.id);
      return;
    }
    // FAILED is tried again, COMPLETED and DEAD are not
    if (before && after.status === 'FAILED' && after.status !== before.status) {
      this.restarts.set(after.id, (this.restarts.get(after.id) ?? 0) + 1);
      this.#metrics.restarts.add(1);
    }
    // the epoch grows with each placement, a new generation is one that the root asked for
    if (before && after.epoch > before.epoch && after.generation === before.generation)
      this.#metrics.replacements.add(1);
  }
}
