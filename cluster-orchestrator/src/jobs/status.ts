import { type JobPayload, UP, type UpTopic, withMoves } from '@hedgerow/protos';
import { about } from '../logs/story.ts';
import { type Instance, instanceId } from '../model.ts';
import { withOwnAddress } from './addresses.ts';
import type { Jobs } from './context.ts';
import { deleteStray } from './deploy.ts';
import { applied, judge, movesIn } from './judge.ts';
import { detached, removed } from './removed.ts';
import { replace } from './replace.ts';

/** A worker says that an instance changed its status. */
export async function applyStatus(jobs: Jobs, workerId: string, said: JobPayload): Promise<void> {
  const job = withOwnAddress(jobs, workerId, said);
  const id = instanceId({ service_id: job.service_id, instance_number: job.instance });
  const instance = jobs.instances.get(id);
  const verdict = judge(instance, workerId, job);
  if (verdict === 'stray') return deleteStray(jobs, workerId, instance, job);
  if (!instance || verdict === 'old') return;
  switch (verdict) {
    case 'apply':
      return jobs.instances.set(applied(instance, job, jobs.clock.now()));
    case 'note':
      return jobs.instances.set(noted(instance, job, jobs.clock.now()));
    case 'gone':
      // for who is told that it is gone
      jobs.instances.observe(withMovesOf(instance, job, jobs.clock.now()));
      return removed(jobs, id);
    case 'detached':
      return jobs.instances.set(detached(instance));
    case 'lost':
      return replace(jobs, id, `worker ${jobs.workers.nameOf(workerId)} removed it unasked`);
    case 'refused':
      refuseStatus(jobs, workerId, instance, job, UP.job);
  }
}

function noted(instance: Instance, job: JobPayload, now: number): Instance {
  return { ...withMovesOf(instance, job, now), status_detail: job.status_detail };
}

function withMovesOf(instance: Instance, job: JobPayload, now: number): Instance {
  return { ...instance, moves: withMoves(instance.moves, movesIn(instance, job, now)) };
}

export function refuseStatus(
  jobs: Pick<Jobs, 'log' | 'strays'>,
  worker: string,
  instance: Instance,
  job: JobPayload,
  topic: UpTopic,
): void {
  const fields = { ...about(instance), worker, from: instance.status, to: job.status, topic };
  jobs.strays.tell(worker, 'status refused', more => {
    jobs.log.warn({ ...fields, more }, 'status refused: not a legal move of a worker');
  });
}
