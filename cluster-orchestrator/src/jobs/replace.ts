import { type Move, withMoves } from '@hedgerow/protos';
import { about } from '../logs/story.ts';
import type { Instance } from '../model.ts';
import { demandOf } from '../scheduler/demand.ts';
import { type Decision, schedule } from '../scheduler/schedule.ts';
import type { Wishes } from '../scheduler/weigh.ts';
import type { Jobs } from './context.ts';
import { deploy, sendDelete } from './deploy.ts';
import { wordsOf } from './refusals.ts';
import { move, type Step } from './steps.ts';

/** Of a worker that was lost together with all others. */
const NOBODY_ANSWERS: Decision = {
  worker: null,
  status: 'NO_WORKER_CAPACITY',
  detail: 'no worker of this cluster answers; they are awaited',
  explain: [],
};

/**
 * Places an accepted instance again, without the root: its worker is lost or does not get on with it, or it has been
 * waiting for room. When no worker has room it waits with the reason in `status_detail` and is tried again when
 * room appears and at its deadline. The epoch grows only with a placement, so that until then the worker that comes
 * back with the running copy may keep it. So many at a time: those of a lost site share the store's turns with the rest.
 *
 * @param why a sentence; "" keeps the earlier reason
 */
export async function replace(jobs: Jobs, id: string, why: string, wishes: Wishes = {}): Promise<void> {
  const moved = await jobs.moving.run(() => decide(jobs, id, why, wishes));
  if (!moved) return;
  const [before, after] = moved;
  tell(jobs, before, after);
  await tellWorkers(jobs, before, after);
}

/** @returns the instance before and after, when there is a difference */
async function decide(
  jobs: Jobs,
  id: string,
  why: string,
  wishes: Wishes,
): Promise<[before: Instance, after: Instance] | null> {
  const before = jobs.instances.get(id);
  if (before?.desired !== 'run') return null;
  if (before.worker_id === '' && jobs.liveness.mayReturn(before.former)) return null;
  const awaited = jobs.liveness.isAwaitedBack(before.worker_id);
  jobs.capacity.release(id);
  const demand = demandOf(id, before.service, jobs.clusterName);
  const decision = awaited ? NOBODY_ANSWERS : schedule(jobs.capacity, demand, wishes);
  const after = again(jobs, before, why || before.reason, decision);
  // it goes on there, as far as can be known, and others are led to it
  if (awaited && before.status === 'RUNNING') after.namespace_ip = before.namespace_ip;
  const waits = before.worker_id === '' && after.worker_id === '';
  if (waits && before.status_detail === after.status_detail) return null;
  // a disk that is full is no reason not to run it: then it is written later
  await jobs.instances.keep(after);
  return [before, after];
}

function again(jobs: Jobs, before: Instance, reason: string, decision: Decision): Instance {
  const now = jobs.clock.now();
  const common = { ...before, reason, status_since: now, namespace_ip: '', deploys: 1 };
  if (decision.worker === null) {
    const { status, detail } = decision;
    const status_detail = reason === '' ? detail : `${reason}; ${detail}`;
    const since = before.worker_id === '' ? before.status_since : now;
    const moves = withMoves(
      before.moves,
      waitingMoves(before, { status, told: status_detail, worker_id: '' }, now),
    );
    const former = before.worker_id || before.former;
    return { ...common, worker_id: '', former, status, status_detail, status_since: since, moves };
  }
  const step = { status: 'NODE_SCHEDULED', worker_id: decision.worker } as const;
  const told = `placed again on worker ${jobs.workers.nameOf(step.worker_id)}${reason === '' ? '' : `: ${reason}`}`;
  const moves = withMoves(before.moves, [move({ ...step, told }, now)]);
  return { ...common, ...step, former: '', epoch: before.epoch + 1, status_detail: reason, moves };
}

/** How much is free changes all the time, and is no move. */
function waitingMoves(before: Instance, step: Step, now: number): Move[] {
  const repeated = before.status === step.status && wordsOf(before.status_detail) === wordsOf(step.told);
  return before.worker_id === '' && repeated ? [] : [move(step, now)];
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

/** Side by side: the worker that loses it may be one that takes nothing. */
async function tellWorkers(jobs: Jobs, before: Instance, after: Instance): Promise<void> {
  const left = before.worker_id !== '' && before.worker_id !== after.worker_id;
  await Promise.all([
    left && jobs.liveness.isThere(before.worker_id) ? sendDelete(jobs, before.worker_id, before) : undefined,
    after.worker_id === '' ? undefined : deploy(jobs, after),
  ]);
}
