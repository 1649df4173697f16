import { aboutInstance, DOWN, type JobPayload } from '@hedgerow/protos';
import { about } from '../logs/story.ts';
import type { Instance } from '../model.ts';
import { toDelete, toDeploy } from '../mqtt/messages.ts';
import type { Jobs } from './context.ts';

/**
 * Sends the instance to its worker: first the network table, so that what the instance looks for is there when it
 * starts, then the order. Says nothing when the instance has changed meanwhile: whoever changed it sends.
 */
export async function deploy(jobs: Jobs, placed: Instance): Promise<void> {
  await jobs.tables.prepare(placed.worker_id);
  const now = jobs.instances.get(placed.id);
  if (now?.desired !== 'run' || now.worker_id !== placed.worker_id || now.epoch !== placed.epoch) return;
  const sent = await jobs.downlink.send(placed.worker_id, DOWN.deploy, toDeploy(now));
  if (sent) jobs.log.info({ ...about(now), epoch: now.epoch }, 'order sent to the worker');
}

export async function sendDelete(jobs: Jobs, workerId: string, instance: Instance): Promise<void> {
  await jobs.downlink.send(workerId, DOWN.delete, toDelete(instance));
}

/** Removes a copy that the worker has and should not have. */
export async function deleteStray(jobs: Jobs, workerId: string, job: JobPayload): Promise<void> {
  const ref = { service_id: job.service_id, instance_number: job.instance };
  jobs.log.info(
    { ...aboutInstance({ ...ref, request_id: '' }), worker: workerId, job: job.sname, epoch: job.epoch },
    'worker has an instance that is not its own; it is told to remove it',
  );
  await jobs.downlink.send(workerId, DOWN.delete, {
    service_id: job.service_id,
    instance_number: job.instance,
    job_name: job.sname,
    virtualization: 'docker',
    request_id: '',
  });
}
