import type { Handles, MetricRegistry } from '@hedgerow/common/metrics';
import { instanceLabels, STATUSES } from '@hedgerow/protos';
import { cores, cpuTimes } from '../host/cpu.ts';
import { memory } from '../host/memory.ts';
import type { Slot } from '../instances/slot.ts';
import type { NodeParts } from '../node.ts';
import { findCgroup, readUsage } from '../usage/cgroup.ts';
import type { Restarts } from './restarts.ts';
import { WORKER_METRICS } from './table.ts';

type Metrics = Handles<typeof WORKER_METRICS>;

/** /proc/stat counts in hundredths of a second (USER_HZ) on every Linux */
const JIFFIES = 100;
const MIB = 2 ** 20;

/** States that a worker writes. */
const OWN = Object.entries(STATUSES)
  .filter(([, row]) => row.writers.includes('worker') && row.next.length > 0)
  .map(([status]) => status);

/** Reads out what the Node Engine and the machine know anyway. @param node null until the worker is registered */
export function readOut(registry: MetricRegistry, node: () => NodeParts | null): void {
  const metrics = registry.open(WORKER_METRICS);
  metrics.connects.add(0);
  registry.onScrape(() => {
    readMachine(metrics);
    const parts = node();
    metrics.connected.set(parts?.uplink.connected ? 1 : 0);
    metrics.runtime.set(parts?.runtimeAvailable() ? 1 : 0);
    readInstances(metrics, parts?.slots() ?? []);
    if (parts) readRestarts(metrics, parts.restarts);
  });
}

function readMachine(metrics: Metrics): void {
  const { busy, total } = cpuTimes();
  metrics.cpu.set(busy / JIFFIES, { mode: 'busy' });
  metrics.cpu.set((total - busy) / JIFFIES, { mode: 'idle' });
  metrics.cores.set(cores());
  const { total: all, available } = memory();
  metrics.memory.set(all * MIB);
  metrics.available.set(available * MIB);
}

function readRestarts(metrics: Metrics, restarts: Restarts): void {
  metrics.restarts.set(restarts.total);
  for (const { jobName, number, restarts: count } of restarts.all())
    metrics.restartsOf.set(count, instanceLabels(jobName, number));
}

function readInstances(metrics: Metrics, slots: readonly Slot[]): void {
  const byStatus = Map.groupBy(slots, slot => slot.report.status);
  for (const status of new Set([...OWN, ...byStatus.keys()]))
    metrics.instances.set(byStatus.get(status)?.length ?? 0, { status });
  for (const slot of slots) readInstance(metrics, slot);
}

function readInstance(metrics: Metrics, slot: Slot): void {
  const labels = instanceLabels(slot.jobName, slot.number);
  metrics.status.set(1, { ...labels, status: slot.report.status });
  const pid = slot.seen?.pid ?? 0;
  const files = pid === 0 ? null : findCgroup(pid);
  const usage = files && readUsage(files);
  if (!usage) return;
  metrics.cpuOf.set(usage.cpu, labels);
  metrics.memoryOf.set(usage.memory, labels);
}
