import type { Handles, MetricRegistry } from '@hedgerow/common/metrics';
import { instanceLabels, STATUSES } from '@hedgerow/protos';
import type { Clusters, ClusterView } from '../clusters/clusters.ts';
import type { Board } from '../deployments/board.ts';
import type { Instance } from '../model.ts';
import { ROOT_METRICS } from './table.ts';

type Metrics = Handles<typeof ROOT_METRICS>;

/** What a root knows while it leads. */
export interface LeadersView {
  board: Board;
  clusters: Clusters;
}

export interface ReadParts {
  /** null while this root does not lead */
  term: () => LeadersView | null;
  restartsOf: (instanceId: string) => number;
}

const MIB = 2 ** 20;

/** Reads out what the root knows anyway. */
export function readOut(registry: MetricRegistry, { term, restartsOf }: ReadParts): void {
  const metrics = registry.open(ROOT_METRICS);
  registry.onScrape(() => {
    const view = term();
    metrics.leading.set(view ? 1 : 0);
    if (!view) return;
    readInstances(metrics, view, restartsOf);
    for (const cluster of view.clusters.all()) readCluster(metrics, cluster, view);
  });
}

function readInstances(
  metrics: Metrics,
  { board, clusters }: LeadersView,
  restartsOf: ReadParts['restartsOf'],
) {
  const counts = new Map<string, number>(Object.keys(STATUSES).map(status => [status, 0]));
  for (const instance of board.all()) {
    counts.set(instance.status, (counts.get(instance.status) ?? 0) + 1);
    const cluster = instance.cluster_id === '' ? '' : clusters.nameOf(instance.cluster_id);
    readInstance(metrics, instance, { cluster, restarts: restartsOf(instance.id) });
  }
  for (const [status, count] of counts) metrics.instances.set(count, { status });
  for (const queue of ['waiting', 'asked', 'stranded', 'leaving'] as const)
    metrics.queued.set(board[queue].size, { queue });
}

function readInstance(
  metrics: Metrics,
  instance: Instance,
  { cluster, restarts }: { cluster: string; restarts: number },
): void {
  const labels = { ...instanceLabels(instance.job_name, instance.instance_number), cluster };
  metrics.status.set(1, { ...labels, status: instance.status });
  metrics.restartsOf.set(restarts, labels);
  if (instance.cpu_percent !== '') metrics.cpu.set(Number(instance.cpu_percent) / 100, labels);
  if (instance.memory_percent !== '') metrics.memory.set(Number(instance.memory_percent) / 100, labels);
}

function readCluster(metrics: Metrics, view: ClusterView, { board, clusters }: LeadersView): void {
  const cluster = { cluster: view.name };
  const { aggregate } = view.document;
  metrics.connected.set(clusters.isConnected(view.id) ? 1 : 0, cluster);
  metrics.on.set(board.countOn(view.id, '').all, cluster);
  metrics.workers.set(aggregate.active_nodes, cluster);
  metrics.cpuOf.set(aggregate.cpu_percent / 100, cluster);
  metrics.memoryOf.set(aggregate.memory_percent / 100, cluster);
  metrics.vcpus.set(aggregate.vcpus, cluster);
  metrics.vcpusFree.set(aggregate.free_vcpus, cluster);
  metrics.memoryOffered.set(aggregate.memory * MIB, cluster);
  metrics.memoryFree.set(aggregate.free_memory * MIB, cluster);
}
