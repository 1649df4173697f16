import type { MetricRegistry } from '@hedgerow/common/metrics';
import type { Runtime } from '../runtimes/runtime.ts';
import { WORKER_METRICS } from './table.ts';

const OPERATIONS = ['list', 'inspect', 'create', 'start', 'stop', 'remove'] as const;

/** Counts what the container runtime is asked for. */
export function meteredRuntime(runtime: Runtime, registry: MetricRegistry): Runtime {
  const metrics = registry.open(WORKER_METRICS);
  for (const operation of [...OPERATIONS, 'pull']) metrics.errors.add(0, { operation });
  const observe = (operation: string, start: number) =>
    metrics.operations.observe((performance.now() - start) / 1000, { operation });
  const metered = async <R>(operation: (typeof OPERATIONS)[number], call: () => Promise<R>): Promise<R> => {
    const start = performance.now();
    try {
      return await call();
    } catch (error) {
      metrics.errors.add(1, { operation });
      throw error;
    } finally {
      observe(operation, start);
    }
  };
  return {
    words: runtime.words,
    nameOf: (jobName, number) => runtime.nameOf(jobName, number),
    available: () => runtime.available(),
    watch: listener => runtime.watch(listener),
    list: () => metered('list', () => runtime.list()),
    inspect: name => metered('inspect', () => runtime.inspect(name)),
    async image(reference, onPull) {
      let start: number | null = null;
      try {
        return await runtime.image(reference, () => {
          start = performance.now();
          onPull();
        });
      } catch (error) {
        metrics.errors.add(1, { operation: 'pull' });
        throw error;
      } finally {
        if (start !== null) observe('pull', start);
      }
    },
    create: request => metered('create', () => runtime.create(request)),
    start: container => metered('start', () => runtime.start(container)),
    stop: container => metered('stop', () => runtime.stop(container)),
    remove: container => metered('remove', () => runtime.remove(container)),
    logs: (container, options) => runtime.logs(container, options),
    close: () => runtime.close(),
  };
}
