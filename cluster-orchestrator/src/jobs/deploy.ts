import { aboutInstance, DOWN, type JobPayload } from '@hedgerow/protos';
import { about } from '../logs/story.ts';
import type { Instance } from '../model.ts';
import { toDelete, toDeploy } from '../mqtt/messages.ts';
import type { Jobs } from './context.ts';

/**
 * Sends the instance to its worker: first the network table, so that what the instance looks for is there when it
 * starts, then the order. Says nothing when the instance has changed meanwhile: whoever changed it sends.
 */
export function deploy(jobs: Jobs, placed: Instance): Promise<void> {
  return jobs.orders.to(placed.worker_id, async () => {
    await jobs.tables.prepare(placed.worker_id);
    const now = jobs.instances.get(placed.id);
    if (now?.desired !== 'run' || now.worker_id !== placed.worker_id || now.epoch !== placed.epoch) return;
    const sent = await jobs.downlink.send(placed.worker_id, DOWN.deploy, toDeploy(now));
    if (sent) jobs.log.info({ ...about(now), epoch: now.epoch }, 'order sent to the worker');
  });
}

export async function sendDelete(jobs: Jobs, workerId: string, instance: Instance): Promise<void> {
  await jobs.downlink.send(workerId, DOWN.delete, toDelete(instance));
}

/**
 * Removes a copy that the worker has and should not have.
 *
 * @param known what the cluster knows of such an instance; nothing of it is changed by a worker that it is not on
 */
export async function deleteStray(
  jobs: Pick<Jobs, 'log' | 'strays' | 'downlink'>,
  worker: string,
  known: Instance | undefined,
  job: JobPayload,
): Promise<void> {
  const { service_id, instance: instance_number, epoch } = job;
  const kind = kindOf(known, worker);
  jobs.strays.tell(worker, kind, more => {
    const fields = { ...aboutInstance({ service_id, instance_number, request_id: '' }), job: job.sname };
    jobs.log.info({ ...fields, worker, epoch, more }, `worker has ${kind}; it is told to remove it`);
  });
  await jobs.strays.answer(worker, () =>
    jobs.downlink.send(worker, DOWN.delete, {
      service_id,
      instance_number,
      job_name: job.sname,
      virtualization: 'docker',
      request_id: '',
    }),
  );
}

function kindOf(known: Instance | undefined, worker: string): string {
  if (!known) return 'an instance that this cluster does not have';
  if (known.desired === 'gone') return 'an instance that is removed';
  if (known.worker_id === worker) return 'an earlier copy of an instance that has ended';
  return 'a copy of an instance that is not its own';
}
