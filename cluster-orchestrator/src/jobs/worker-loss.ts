import { messageOf } from '@hedgerow/common';
import type { Jobs } from './context.ts';
import { replace } from './replace.ts';

/** A worker is dead: what was going away there is gone, what should run is placed elsewhere. */
export async function workerLost(jobs: Jobs, workerId: string, why: string): Promise<void> {
  // side by side: each decision reserves at once, and one worker that reads slowly does not hold up the others' orders
  const moves = jobs.instances.onWorker(workerId).map(instance => {
    if (instance.desired === 'gone') jobs.instances.forget(instance.id);
    else if (instance.status !== 'COMPLETED') return moveAway(jobs, instance.id, why);
    return undefined;
  });
  await Promise.all(moves);
  await jobs.tables.flush();
}

/** A store that fails must not keep the other instances on a dead worker; the deadline tries this one again. */
async function moveAway(jobs: Jobs, id: string, why: string): Promise<void> {
  await replace(jobs, id, why).catch((error: unknown) => {
    jobs.log.error({ instance: id, error: messageOf(error) }, 'placing again failed');
  });
}
