import { messageOf } from '@hedgerow/common';
import { STATUSES } from '@hedgerow/protos';
import { aboutKnown } from '../logs/story.ts';
import type { Jobs } from './context.ts';
import { isStoreError } from './disk.ts';
import { detached, removed } from './removed.ts';
import { replace } from './replace.ts';

/** ms; what runs has no deadline that would try again */
const MOVE_AGAIN = 5000;

/**
 * A worker is dead: what was going away there is gone, what should run is placed elsewhere, and what had ended stays as
 * it is.
 */
export async function workerLost(jobs: Jobs, workerId: string, why: string): Promise<void> {
  const known = jobs.workers.get(workerId) !== undefined;
  // side by side: each decision reserves at once, and one worker that reads slowly does not hold up the others' orders
  const moves = jobs.instances.onWorker(workerId).map(instance => {
    if (instance.desired === 'gone') removed(jobs, instance.id);
    else if (!STATUSES[instance.status].final) return moveAway(jobs, workerId, instance.id, why);
    else if (!known) jobs.instances.set(detached(instance));
    return undefined;
  });
  await Promise.all(moves);
  jobs.tables.flush();
}

/** A store that fails must not keep the other instances on a dead worker, nor this one for longer than it fails. */
async function moveAway(jobs: Jobs, workerId: string, id: string, why: string): Promise<void> {
  await replace(jobs, id, why).catch((error: unknown) => {
    if (!isStoreError(error)) {
      jobs.log.error({ ...aboutKnown(jobs, id), error: messageOf(error) }, 'placing again failed');
    }
    jobs.clock.after(MOVE_AGAIN, () => {
      if (isStillThere(jobs, workerId, id)) void moveAway(jobs, workerId, id, why);
    });
  });
}

/** Not when the worker came back meanwhile, or another one has the instance. */
function isStillThere(jobs: Jobs, workerId: string, id: string): boolean {
  const lost = jobs.liveness.standing(workerId) === 'dead' || !jobs.workers.get(workerId);
  return lost && jobs.instances.get(id)?.worker_id === workerId;
}
