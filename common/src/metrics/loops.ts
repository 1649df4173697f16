import type { Clock } from '../clock.ts';
import type { MetricRegistry } from './registry.ts';
import { counter, gauge, histogram } from './table.ts';

export const LOOP_METRICS = {
  runs: counter('hedgerow_loop_runs_total', 'Turns of a loop that compares and mends.', ['loop']),
  failures: counter('hedgerow_loop_failures_total', 'Turns that failed; the next one tries again.', ['loop']),
  duration: histogram(
    'hedgerow_loop_duration_seconds',
    'How long one turn took.',
    [0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    ['loop'],
  ),
  succeeded: gauge(
    'hedgerow_loop_last_success_timestamp_seconds',
    'End of the last turn that did not fail, since the epoch.',
    ['loop'],
  ),
} as const;

/** Runs one turn of a loop; fails as the turn does. */
export type MeteredLoop = <R>(turn: () => Promise<R>) => Promise<R>;

export function meterLoop(registry: MetricRegistry, clock: Clock, loop: string): MeteredLoop {
  const metrics = registry.open(LOOP_METRICS);
  metrics.runs.add(0, { loop });
  metrics.failures.add(0, { loop });
  let succeeded: number | null = null;
  registry.onScrape(() => {
    if (succeeded !== null) metrics.succeeded.set(succeeded / 1000, { loop });
  });
  return async turn => {
    const start = clock.monotonic();
    try {
      const result = await turn();
      succeeded = clock.now();
      return result;
    } catch (error) {
      metrics.failures.add(1, { loop });
      throw error;
    } finally {
      metrics.runs.add(1, { loop });
      metrics.duration.observe((clock.monotonic() - start) / 1000, { loop });
    }
  };
}
