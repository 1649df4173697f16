import type { Handles, MetricRegistry } from '@hedgerow/common/metrics';
import { instanceLabels, STATUSES } from '@hedgerow/protos';
import type { Jobs } from '../jobs/context.ts';
import { LEAK_KINDS, type LeakKind } from '../jobs/leaks.ts';
import type { Instance, Worker } from '../model.ts';
import { free } from '../scheduler/types.ts';
import type { Standing } from '../workers/liveness.ts';
import { CLUSTER_METRICS } from './table.ts';

type Metrics = Handles<typeof CLUSTER_METRICS>;

export interface ReadParts {
  jobs: Jobs;
  /** by instance id */
  restarts: ReadonlyMap<string, number>;
  /** by the last sweep */
  leaks: { readonly found: Readonly<Record<LeakKind, number>> };
  connectedToRoot(): boolean;
  brokerReachable(): boolean;
}

const STANDINGS: readonly Standing[] = ['awaited', 'live', 'suspect', 'dead'];
const MIB = 2 ** 20;

/** Reads out what the cluster knows anyway. */
export function readOut(registry: MetricRegistry, parts: ReadParts): void {
  const metrics = registry.open(CLUSTER_METRICS);
  metrics.restarts.add(0);
  registry.onScrape(() => {
    metrics.rootConnected.set(parts.connectedToRoot() ? 1 : 0);
    metrics.broker.set(parts.brokerReachable() ? 1 : 0);
    metrics.orders.set(parts.jobs.orders.underWay);
    for (const kind of LEAK_KINDS) metrics.leaks.set(parts.leaks.found[kind], { kind });
    readWorkers(metrics, parts.jobs);
    readInstances(metrics, parts);
  });
}

function readWorkers(metrics: Metrics, jobs: Jobs): void {
  const counts = new Map<string, number>(STANDINGS.map(state => [state, 0]));
  for (const worker of jobs.workers.all()) {
    const state = jobs.liveness.standing(worker.id) ?? 'dead';
    counts.set(state, (counts.get(state) ?? 0) + 1);
    readWorker(metrics, jobs, worker, state);
  }
  for (const [state, count] of counts) metrics.workers.set(count, { state });
}

function readWorker(metrics: Metrics, jobs: Jobs, worker: Worker, state: Standing): void {
  const labels = { worker: worker.hostname, worker_id: worker.id };
  metrics.workerState.set(1, { ...labels, state });
  const { cpu_percent, memory_percent } = jobs.workers.usage(worker.id);
  metrics.workerCpu.set(cpu_percent / 100, labels);
  metrics.workerMemory.set(memory_percent / 100, labels);
  metrics.workerVcpus.set(worker.vcpus, labels);
  metrics.workerMemoryOffered.set(worker.memory * MIB, labels);
  const seat = jobs.capacity.get(worker.id);
  metrics.workerInstances.set(seat?.instances.size ?? 0, labels);
  metrics.workerVcpusFree.set(seat ? free(seat, 'vcpus') : 0, labels);
  metrics.workerMemoryFree.set((seat ? free(seat, 'memory') : 0) * MIB, labels);
  const silence = jobs.liveness.silence(worker.id);
  if (silence !== null) metrics.workerSeen.set((jobs.clock.now() - silence) / 1000, labels);
}

function readInstances(metrics: Metrics, { jobs, restarts }: ReadParts): void {
  const counts = new Map<string, number>(Object.keys(STATUSES).map(status => [status, 0]));
  for (const instance of jobs.instances.all()) {
    counts.set(instance.status, (counts.get(instance.status) ?? 0) + 1);
    readInstance(metrics, instance, {
      worker: instance.worker_id === '' ? '' : jobs.workers.nameOf(instance.worker_id),
      restarts: restarts.get(instance.id) ?? 0,
    });
  }
  for (const [status, count] of counts) metrics.instances.set(count, { status });
  metrics.waiting.set(jobs.instances.waiting().length);
}

function readInstance(
  metrics: Metrics,
  instance: Instance,
  { worker, restarts }: { worker: string; restarts: number },
): void {
  const labels = instanceLabels(instance.service.job_name, instance.instance_number);
  const placed = { ...labels, worker };
  metrics.instanceStatus.set(1, { ...placed, status: instance.status });
  metrics.restartsOf.set(restarts, labels);
  if (instance.cpu_percent !== '') metrics.instanceCpu.set(Number(instance.cpu_percent) / 100, placed);
  if (instance.memory_percent !== '')
    metrics.instanceMemory.set(Number(instance.memory_percent) / 100, placed);
}
