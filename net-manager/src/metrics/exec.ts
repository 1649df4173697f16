import { type MetricRegistry, timed } from '@hedgerow/common/metrics';
import type { Exec, Tool } from '../exec/exec.ts';
import { NET_METRICS } from './table.ts';

/** Counts what the kernel's tools are asked for. */
export function meteredExec(exec: Exec, registry: MetricRegistry): Exec {
  const metrics = registry.open(NET_METRICS);
  for (const tool of ['ip', 'bridge', 'nft'] as const) metrics.failures.add(0, { tool, kind: 'change' });
  const metered = <R>(tool: Tool, kind: string, action: () => Promise<R>): Promise<R> =>
    timed(
      action,
      seconds => metrics.duration.observe(seconds, { tool, kind }),
      () => metrics.failures.add(1, { tool, kind }),
    );
  return {
    // nothing to do starts no program
    batch: (tool, lines, netns) =>
      lines.length === 0
        ? exec.batch(tool, lines, netns)
        : metered(tool, 'change', () => exec.batch(tool, lines, netns)),
    read: (tool, args) => metered(tool, 'listing', () => exec.read(tool, args)),
    list: (tool, args) => metered(tool, 'listing', () => exec.list(tool, args)),
    watch: (tool, args, onLine, onEnd) => exec.watch(tool, args, onLine, onEnd),
  };
}
