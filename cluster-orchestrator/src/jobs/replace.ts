import { about } from '../logs/story.ts';
import type { Instance } from '../model.ts';
import { demandOf } from '../scheduler/demand.ts';
import { type Decision, schedule } from '../scheduler/schedule.ts';
import type { Wishes } from '../scheduler/weigh.ts';
import type { Jobs } from './context.ts';
import { deploy, sendDelete } from './deploy.ts';

/**
 * Places an accepted instance again, without the root: its worker is lost or does not get on with it, or it has been
 * waiting for room. When no worker has room it waits with the reason in `status_detail` and is tried again when
 * room appears and at its deadline. The epoch grows only with a placement, so that until then the worker that comes
 * back with the running copy may keep it.
 *
 * @param why a sentence; "" keeps the earlier reason
 */
export async function replace(jobs: Jobs, id: string, why: string, wishes: Wishes = {}): Promise<void> {
  const before = jobs.instances.get(id);
  if (before?.desired !== 'run') return;
  jobs.capacity.release(id);
  const decision = schedule(jobs.capacity, demandOf(id, before.service, jobs.clusterName), wishes);
  const after = again(jobs, before, why || before.reason, decision);
  if (before.worker_id === '' && after.worker_id === '' && before.status_detail === after.status_detail)
    return;
  await jobs.instances.save(after);
  tell(jobs, before, after);
  await tellWorkers(jobs, before, after);
}

function again(jobs: Jobs, before: Instance, reason: string, decision: Decision): Instance {
  const common = { ...before, reason, status_since: jobs.clock.now(), namespace_ip: '', deploys: 1 };
  if (decision.worker === null) {
    const status_detail = reason === '' ? decision.detail : `${reason}; ${decision.detail}`;
    const since = before.worker_id === '' ? before.status_since : common.status_since;
    return { ...common, worker_id: '', status: decision.status, status_detail, status_since: since };
  }
  return {
    ...common,
    worker_id: decision.worker,
    epoch: before.epoch + 1,
    status: 'NODE_SCHEDULED',
    status_detail: reason,
  };
}

/** Once per reason: an instance may wait for days, and how much is free changes all the time. */
function tell(jobs: Jobs, before: Instance, after: Instance): void {
  const fields = { ...about(after), from: before.worker_id, epoch: after.epoch, reason: after.reason };
  if (after.worker_id !== '') {
    jobs.refusals.forget(after.id);
    jobs.log.info(fields, `placed again, on worker ${jobs.workers.nameOf(after.worker_id)}`);
  } else if (jobs.refusals.isNews(after.id, after.status_detail)) {
    jobs.log.info(fields, `instance waits: ${after.status_detail}`);
  }
}

async function tellWorkers(jobs: Jobs, before: Instance, after: Instance): Promise<void> {
  const left = before.worker_id !== '' && before.worker_id !== after.worker_id;
  if (left && jobs.liveness.isThere(before.worker_id)) await sendDelete(jobs, before.worker_id, before);
  if (after.worker_id !== '') await deploy(jobs, after);
}
