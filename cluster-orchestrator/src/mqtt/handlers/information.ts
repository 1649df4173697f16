import type { Up } from '../dispatch.ts';
import { number, parseObject } from '../parse.ts';

/** What the machine uses. Placement does not go by it, people do. */
export function onInformation(up: Up, workerId: string, payload: Buffer): void {
  const fields = parseObject(payload);
  up.jobs.workers.setUsage(workerId, {
    cpu_percent: number(fields, 'cpu_percent'),
    memory_percent: number(fields, 'memory_percent'),
  });
  up.usageChanged();
}
