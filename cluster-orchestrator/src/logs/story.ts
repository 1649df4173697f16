import type { Logger } from '@hedgerow/common';
import { aboutInstance, type InstanceFields, isWrittenBy, type Place } from '@hedgerow/protos';
import type { Jobs } from '../jobs/context.ts';
import type { InstanceListener } from '../jobs/instances.ts';
import type { Instance } from '../model.ts';

/** In every log line about an instance. */
export function about(instance: Instance): InstanceFields & { job: string; worker: string } {
  return { ...aboutInstance(instance), job: instance.service.job_name, worker: instance.worker_id };
}

/** Of an instance that may be forgotten by now. */
export function aboutKnown({ instances }: Pick<Jobs, 'instances'>, id: string): object {
  const instance = instances.get(id);
  return instance ? about(instance) : { instance: id };
}

/** Of one that is not placed yet. */
export function aboutPlace({
  service,
  instance_number,
  request_id,
}: Place): InstanceFields & { job: string } {
  const { service_id, job_name } = service;
  return { ...aboutInstance({ service_id, instance_number, request_id }), job: job_name };
}

/** Writes one line for each step of an instance's life; what places it again says so itself. */
export function tellStory(log: Logger, nameOf: (workerId: string) => string): InstanceListener {
  return (before, after) => {
    if (!after) {
      if (before)
        log.info(about(before), before.desired === 'gone' ? 'instance removed' : 'instance forgotten');
    } else if (!before) {
      log.info({ ...about(after), status: after.status }, `placed on worker ${nameOf(after.worker_id)}`);
    } else if (after.desired !== before.desired) log.info(about(after), 'to be removed');
    else if (after.status !== before.status && isWrittenBy('worker', after.status)) {
      const level = after.status === 'FAILED' || after.status === 'DEAD' ? 'warn' : 'info';
      log[level]({ ...about(after), status: after.status }, after.status_detail);
    }
  };
}
