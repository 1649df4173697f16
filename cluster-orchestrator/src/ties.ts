/** What follows from a change: each part is told of it here and knows nothing of the others. */
import { messageOf } from '@hedgerow/common';
import type { ClusterConfig } from './config.ts';
import type { Jobs } from './jobs/context.ts';
import type { Deadlines } from './jobs/deadlines.ts';
import { goneReport, isNews, toReport } from './jobs/report.ts';
import type { Waiting } from './jobs/waiting.ts';
import { workerLost } from './jobs/worker-loss.ts';
import { type Instance, isHeld, type Worker } from './model.ts';
import type { Aggregates } from './root/aggregates.ts';
import { demandOf } from './scheduler/demand.ts';
import type { Presence } from './scheduler/types.ts';
import type { Beats } from './workers/beats.ts';
import type { Standing } from './workers/liveness.ts';

export interface Ties {
  jobs: Jobs;
  deadlines: Deadlines;
  waiting: Waiting;
  aggregates: Aggregates;
  beats: Beats;
  config: ClusterConfig;
}

/** Takes in what was loaded from disk and listens to changes from then on. */
export function tie(ties: Ties): void {
  const { instances, workers, liveness } = ties.jobs;
  for (const worker of workers.all()) take(ties, worker);
  for (const instance of instances.all()) {
    ties.deadlines.load(instance);
    hold(ties, null, instance);
  }
  ties.jobs.tables.load();
  workers.onChange((before, after) => workerChanged(ties, before, after));
  instances.onChange((before, after) => {
    hold(ties, before, after);
    ties.jobs.tables.instanceChanged(before, after);
    tellRoot(ties, before, after);
  });
  liveness.onChange((workerId, standing) => standingChanged(ties, workerId, standing));
  liveness.onBlackoutOver(() => retry(ties));
}

function take({ jobs }: Ties, worker: Worker): void {
  jobs.capacity.offer(worker);
  jobs.liveness.watch(worker.id, worker);
}

function workerChanged(ties: Ties, before: Worker | null, after: Worker | null): void {
  if (after) {
    take(ties, after);
    ties.jobs.tables.workerChanged(after.id);
    if (before) for (const instance of ties.jobs.instances.onWorker(after.id)) report(ties, instance);
  } else if (before) {
    ties.jobs.capacity.forget(before.id);
    ties.jobs.liveness.unwatch(before.id);
    ties.beats.forget(before.id);
    ties.jobs.tables.forget(before.id);
    lose(ties, before.id, `worker ${before.hostname} was removed`);
  }
  ties.aggregates.workersChanged();
}

/** Reservation and deadline. */
function hold(
  { jobs, deadlines, waiting, aggregates }: Ties,
  before: Instance | null,
  after: Instance | null,
): void {
  const id = after?.id ?? before?.id ?? '';
  deadlines.update(id, after);
  if (after && isHeld(after)) {
    const reserved = jobs.capacity.get(after.worker_id)?.instances.has(id);
    if (reserved && before?.service === after.service) return;
    jobs.capacity.reserve(after.worker_id, demandOf(id, after.service, jobs.clusterName));
  } else if (!jobs.capacity.release(id)) return;
  aggregates.touch();
  if (before) waiting.kick();
}

/** Forgetting what should run is our own affair (a refused placement); the root has its answer already. */
function tellRoot(ties: Ties, before: Instance | null, after: Instance | null): void {
  if (!after) {
    if (before?.desired === 'gone') ties.jobs.report(goneReport(before, before));
  } else if (isNews(before, after)) report(ties, after);
}

function report({ jobs }: Ties, instance: Instance): void {
  jobs.report(toReport(instance, jobs.workers.get(instance.worker_id)));
}

const PRESENCE: Readonly<Record<Standing, Presence>> = {
  awaited: 'away',
  live: 'live',
  suspect: 'suspect',
  dead: 'away',
};

function standingChanged(ties: Ties, workerId: string, standing: Standing): void {
  const { jobs, aggregates } = ties;
  jobs.capacity.setPresence(workerId, PRESENCE[standing]);
  const hostname = jobs.workers.nameOf(workerId);
  if (standing !== 'suspect') aggregates.workersChanged();
  if (standing === 'suspect') jobs.log.debug({ worker: workerId, hostname }, 'worker is silent');
  else if (standing === 'dead') {
    jobs.log.warn({ worker: workerId, hostname }, 'worker is dead');
    jobs.tables.workerChanged(workerId);
    ties.beats.forget(workerId);
    lose(
      ties,
      workerId,
      `worker ${hostname} gave no sign of life for ${jobs.liveness.deadAfter(workerId) / 1000} s`,
    );
  } else {
    jobs.log.info({ worker: workerId, hostname }, 'worker is live');
    jobs.tables.workerChanged(workerId);
    retry(ties);
  }
}

/** Somebody is there, or is awaited no more: what waits may go there, or elsewhere. */
function retry(ties: Ties): void {
  unlist(ties);
  ties.waiting.kick();
}

/** Instances that wait and do not go on where they were: nobody is led there any more. */
function unlist({ jobs: { instances, liveness } }: Ties): void {
  for (const instance of instances.waiting()) {
    if (instance.namespace_ip === '' || liveness.mayReturn(instance.former)) continue;
    instances.set({ ...instance, namespace_ip: '' });
  }
}

function lose(ties: Ties, workerId: string, why: string): void {
  const { jobs } = ties;
  if (jobs.instances.waiting().some(({ former }) => former === workerId)) retry(ties);
  workerLost(jobs, workerId, why).catch((error: unknown) => {
    jobs.log.error(
      { worker: workerId, error: messageOf(error) },
      'instances of a lost worker not placed again',
    );
  });
}
