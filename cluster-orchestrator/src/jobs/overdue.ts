import { DOWN, STATUSES, withMoves } from '@hedgerow/protos';
import { about } from '../logs/story.ts';
import { type Instance, isTombstone } from '../model.ts';
import type { Jobs } from './context.ts';
import { deploy, sendDelete } from './deploy.ts';
import { removed } from './removed.ts';
import { replace } from './replace.ts';
import { toReport } from './report.ts';
import { move } from './steps.ts';

/** Orders sent to a worker before another one gets the instance. */
const DEPLOYS = 2;

/** An instance has been in its state for longer than the state's deadline. */
export async function overdue(jobs: Jobs, id: string): Promise<void> {
  const instance = jobs.instances.get(id);
  if (!instance) return;
  if (isTombstone(instance)) return jobs.report(toReport(instance, undefined));
  if (instance.worker_id === '')
    return instance.desired === 'gone' ? removed(jobs, id) : replace(jobs, id, '');
  // a worker that is not there is the liveness' business
  if (!jobs.liveness.isThere(instance.worker_id)) return afterLostWorker(jobs, instance);
  if (instance.desired === 'gone') return removeAgain(jobs, instance);
  if (instance.status === 'NODE_SCHEDULED' && instance.deploys < DEPLOYS) return deployAgain(jobs, instance);
  await replace(jobs, id, reasonOf(jobs, instance), { avoid: instance.worker_id });
}

/** Its worker is dead, so it should have been placed elsewhere: the attempt failed. */
async function afterLostWorker(jobs: Jobs, instance: Instance): Promise<void> {
  if (jobs.liveness.isExpected(instance.worker_id)) return;
  if (instance.desired === 'gone') return removed(jobs, instance.id);
  await replace(jobs, instance.id, `worker ${jobs.workers.nameOf(instance.worker_id)} is lost`);
}

async function removeAgain(jobs: Jobs, instance: Instance): Promise<void> {
  jobs.log.warn(about(instance), 'not removed yet; told again');
  await sendDelete(jobs, instance.worker_id, instance);
  await jobs.downlink.send(instance.worker_id, DOWN.sync, {});
}

async function deployAgain(jobs: Jobs, instance: Instance): Promise<void> {
  jobs.log.warn(about(instance), 'not taken up yet; sent again');
  const now = jobs.clock.now();
  const { worker_id, moves } = instance;
  const again = move({ status: 'NODE_SCHEDULED', worker_id, told: 'not taken up yet; sent again' }, now);
  const next = {
    ...instance,
    deploys: instance.deploys + 1,
    status_since: now,
    moves: withMoves(moves, [again]),
  };
  await jobs.instances.keep(next);
  await deploy(jobs, next);
}

function reasonOf(jobs: Jobs, instance: Instance): string {
  const worker = jobs.workers.nameOf(instance.worker_id);
  const seconds = Math.round((STATUSES[instance.status].deadline ?? 0) / 1000);
  if (instance.status === 'NODE_SCHEDULED') {
    return `worker ${worker} did not take it up in ${seconds} s, asked ${DEPLOYS} times`;
  }
  const detail = instance.status_detail === '' ? '' : ` (${instance.status_detail})`;
  return `${instance.status} for more than ${seconds} s on worker ${worker}${detail}`;
}
