import { type JobPayload, UP, type UpTopic } from '@hedgerow/protos';
import { about } from '../logs/story.ts';
import { type Instance, instanceId } from '../model.ts';
import type { Jobs } from './context.ts';
import { deleteStray } from './deploy.ts';
import { applied, judge } from './judge.ts';
import { replace } from './replace.ts';

/** A worker says that an instance changed its status. */
export async function applyStatus(jobs: Jobs, workerId: string, job: JobPayload): Promise<void> {
  const id = instanceId({ service_id: job.service_id, instance_number: job.instance });
  const instance = jobs.instances.get(id);
  const verdict = judge(instance, workerId, job);
  if (verdict === 'stray') return deleteStray(jobs, workerId, job);
  if (!instance || verdict === 'old') return;
  switch (verdict) {
    case 'apply':
      return jobs.instances.set(applied(instance, job, jobs.clock.now()));
    case 'note':
      return jobs.instances.set({ ...instance, status_detail: job.status_detail });
    case 'gone':
      return jobs.instances.forget(id);
    case 'lost':
      return replace(jobs, id, `worker ${jobs.workers.nameOf(workerId)} removed it unasked`);
    case 'refused':
      refuseStatus(jobs, workerId, instance, job, UP.job);
  }
}

export function refuseStatus(
  jobs: Pick<Jobs, 'log'>,
  worker: string,
  instance: Instance,
  job: JobPayload,
  topic: UpTopic,
): void {
  jobs.log.warn(
    { ...about(instance), worker, from: instance.status, to: job.status, topic },
    'status refused: not a legal move of a worker',
  );
}
