import { messageOf } from '@hedgerow/common';
import type { Jobs } from './context.ts';
import { replace } from './replace.ts';

/** A worker is dead: what was going away there is gone, what should run is placed elsewhere. */
export async function workerLost(jobs: Jobs, workerId: string, why: string): Promise<void> {
  for (const { id } of jobs.instances.onWorker(workerId)) {
    const instance = jobs.instances.get(id);
    if (instance?.worker_id !== workerId) continue;
    if (instance.desired === 'gone') jobs.instances.forget(id);
    else if (instance.status !== 'COMPLETED') await moveAway(jobs, id, why);
  }
  await jobs.tables.flush();
}

/** A store that fails must not keep the other instances on a dead worker; the deadline tries this one again. */
async function moveAway(jobs: Jobs, id: string, why: string): Promise<void> {
  await replace(jobs, id, why).catch((error: unknown) => {
    jobs.log.error({ instance: id, error: messageOf(error) }, 'placing again failed');
  });
}
