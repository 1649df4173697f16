import { type MetricRegistry, timed } from '@hedgerow/common/metrics';
import type { Runtime } from '../runtimes/runtime.ts';
import { WORKER_METRICS } from './table.ts';

const OPERATIONS = ['list', 'inspect', 'create', 'start', 'stop', 'set-aside', 'remove', 'exec'] as const;

/** Counts what the container runtime is asked for. */
export function meteredRuntime(runtime: Runtime, registry: MetricRegistry): Runtime {
  const metrics = registry.open(WORKER_METRICS);
  for (const operation of [...OPERATIONS, 'pull']) metrics.errors.add(0, { operation });
  const took = (operation: string, seconds: number) => metrics.operations.observe(seconds, { operation });
  const failed = (operation: string) => metrics.errors.add(1, { operation });
  const metered = <R>(operation: (typeof OPERATIONS)[number], call: () => Promise<R>): Promise<R> =>
    timed(
      call,
      seconds => took(operation, seconds),
      () => failed(operation),
    );
  return {
    words: runtime.words,
    nameOf: (jobName, number) => runtime.nameOf(jobName, number),
    available: () => runtime.available(),
    watch: listener => runtime.watch(listener),
    list: () => metered('list', () => runtime.list()),
    inspect: name => metered('inspect', () => runtime.inspect(name)),
    image(reference, onPull) {
      let pulls = false;
      const ensure = () =>
        runtime.image(reference, () => {
          pulls = true;
          onPull();
        });
      return timed(
        ensure,
        seconds => {
          if (pulls) took('pull', seconds);
        },
        () => failed('pull'),
      );
    },
    create: request => metered('create', () => runtime.create(request)),
    start: container => metered('start', () => runtime.start(container)),
    stop: container => metered('stop', () => runtime.stop(container)),
    setAside: container => metered('set-aside', () => runtime.setAside(container)),
    remove: container => metered('remove', () => runtime.remove(container)),
    exec: (container, command, signal) => metered('exec', () => runtime.exec(container, command, signal)),
    logs: (container, options) => runtime.logs(container, options),
    close: () => runtime.close(),
  };
}
