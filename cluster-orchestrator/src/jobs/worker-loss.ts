import { STATUSES } from '@hedgerow/protos';
import type { Jobs } from './context.ts';
import { detached, removed } from './removed.ts';
import { replace } from './replace.ts';

/**
 * A worker is dead: what was going away there is gone, what should run is placed elsewhere, and what had ended stays as
 * it is. A disk that is full keeps nothing on a dead worker.
 */
export async function workerLost(jobs: Jobs, workerId: string, why: string): Promise<void> {
  const known = jobs.workers.get(workerId) !== undefined;
  // side by side: each decision reserves at once, and one worker that reads slowly does not hold up the others' orders
  const moves = jobs.instances.onWorker(workerId).map(instance => {
    if (instance.desired === 'gone') removed(jobs, instance.id);
    else if (!STATUSES[instance.status].final) return replace(jobs, instance.id, why);
    else if (!known) jobs.instances.set(detached(instance));
    return undefined;
  });
  await Promise.all(moves);
  jobs.tables.flush();
}
