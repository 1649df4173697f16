import { type Clock, every } from '../clock.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import { MetricRegistry } from './registry.ts';
import { counter, gauge, histogram } from './table.ts';

export const PROCESS_METRICS = {
  cpu: counter('process_cpu_seconds_total', 'CPU time of this process, user and system.'),
  memory: gauge('process_resident_memory_bytes', 'Memory of this process that is in RAM.'),
  started: gauge('process_start_time_seconds', 'When this process was started, since the epoch.'),
  heap: gauge('nodejs_heap_size_used_bytes', 'Memory in use by JavaScript objects.'),
  lag: histogram(
    'nodejs_eventloop_lag_seconds',
    'How late a timer came that is set once a second: how long everything else has to wait.',
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  ),
} as const;

/** ms between two looks at how late timers are; a shorter one would wake an idle machine for it */
const LOOK_EVERY = 1000;

/** @returns its end */
export function meterProcess(registry: MetricRegistry, clock: Clock): () => void {
  const metrics = registry.open(PROCESS_METRICS);
  const started = clock.now() / 1000 - process.uptime();
  const stopReading = registry.onScrape(() => {
    const { user, system } = process.cpuUsage();
    metrics.cpu.set((user + system) / 1e6);
    metrics.memory.set(process.memoryUsage.rss());
    metrics.started.set(started);
    metrics.heap.set(process.memoryUsage().heapUsed);
  });
  let expected = clock.monotonic() + LOOK_EVERY;
  const stopLooking = every(clock, LOOK_EVERY, () => {
    const now = clock.monotonic();
    metrics.lag.observe(Math.max(0, now - expected) / 1000);
    expected = now + LOOK_EVERY;
  });
  return () => {
    stopReading();
    stopLooking();
  };
}

/** The registry of a process that begins, with what it tells of the process itself. */
export function startMetrics(
  life: Pick<Lifecycle, 'add'>,
  { clock, log }: { clock: Clock; log: Logger },
): MetricRegistry {
  const registry = new MetricRegistry(log);
  life.add('process metrics', meterProcess(registry, clock));
  return registry;
}
