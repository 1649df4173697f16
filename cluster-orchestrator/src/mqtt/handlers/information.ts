import type { Up } from '../dispatch.ts';
import { parseObject, percent } from '../parse.ts';

/** What the machine uses. Placement does not go by it, people do. */
export function onInformation(up: Up, workerId: string, payload: Buffer): void {
  const fields = parseObject(payload);
  up.jobs.workers.setUsage(workerId, {
    cpu_percent: percent(fields, 'cpu_percent'),
    memory_percent: percent(fields, 'memory_percent'),
  });
  up.usageChanged();
}
