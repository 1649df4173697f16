import { inPrefix } from '@hedgerow/common';
import { type JobPayload, workerPrefix } from '@hedgerow/protos';
import { about } from '../logs/story.ts';
import { instanceId } from '../model.ts';
import type { Jobs } from './context.ts';

/**
 * What a worker says of an instance, without an address that is not of its own subnet: others would be led to whoever
 * has it. The rest of what it says may be so.
 */
export function withOwnAddress(
  { workers, instances, strays, log }: Pick<Jobs, 'workers' | 'instances' | 'strays' | 'log'>,
  workerId: string,
  job: JobPayload,
): JobPayload {
  const { namespace_ip: address, service_id, instance: instance_number } = job;
  const subnet = workers.get(workerId)?.subnet ?? '';
  if (address === '' || inPrefix(address, workerPrefix(subnet))) return job;
  strays.tell(workerId, 'foreign address', more => {
    const known = instances.get(instanceId({ service_id, instance_number }));
    const fields = { ...(known ? about(known) : {}), worker: workerId, address, subnet, more };
    log.warn(fields, 'address refused: it is not of its worker’s subnet');
  });
  return { ...job, namespace_ip: '' };
}
