import { type New, update } from '@hedgerow/common';
import { about } from '../logs/story.ts';
import type { Instance, Service } from '../model.ts';
import { unknownService } from './access.ts';
import { type ChangesDeps, removeInstance } from './changes.ts';
import { Numbers, type Taken } from './numbers.ts';

export interface InstanceWish {
  /** of the API request that it is for */
  requestId: string;
  /** number of the instance that goes when this one runs */
  replaces?: number;
}

/**
 * Stores one more instance of a service; it is placed and started in the background.
 * @param numbers shared by those who ask for many. @throws SERVICE_UNKNOWN
 */
export async function addInstance(
  deps: ChangesDeps,
  serviceId: string,
  wish: InstanceWish,
  numbers = new Numbers(deps.collections.services),
): Promise<Instance> {
  const taken = await numbers.take(serviceId);
  const instance = await insert(deps, taken, wish);
  const service = await deps.collections.services.get(serviceId);
  if (!service) {
    await removeInstance(deps, instance.id, wish.requestId);
    throw unknownService(serviceId);
  }
  const current = await keepUp(deps, instance, service);
  const { generation } = current;
  deps.log.info({ ...about(current), generation, replaces: wish.replaces }, 'instance requested');
  return current;
}

async function insert(deps: ChangesDeps, { service, number }: Taken, wish: InstanceWish): Promise<Instance> {
  const owner = `instance/${service.id}/${number}`;
  const address = await deps.addresses.claimInstanceIp(owner);
  try {
    const seconds = deps.clock.now() / 1000;
    return await deps.collections.instances.insert(newInstance(service, number, address, seconds, wish));
  } catch (error) {
    await deps.addresses.release(owner);
    throw error;
  }
}

/** An update that was stored between number and instance did not see the instance, so would leave it behind. */
async function keepUp(deps: ChangesDeps, instance: Instance, { generation }: Service): Promise<Instance> {
  if (instance.generation === generation) return instance;
  const kept = await update(deps.collections.instances, instance.id, current =>
    current.cluster_id === '' ? { ...current, generation } : null,
  );
  return kept ?? instance;
}

function newInstance(
  service: Service,
  number: number,
  instance_ip: string,
  seconds: number,
  { requestId, replaces }: InstanceWish,
): New<Instance> {
  return {
    id: `${service.id}/${number}`,
    service_id: service.id,
    application_id: service.application_id,
    job_name: service.job_name,
    instance_number: number,
    instance_ip,
    generation: service.generation,
    ...(replaces === undefined ? {} : { replaces }),
    request_id: requestId,
    desired: 'run',
    cluster_id: '',
    status: 'REQUESTED',
    status_detail: 'Waiting for scheduling decision',
    epoch: 0,
    worker_id: '',
    host_ip: '',
    host_port: 0,
    namespace_ip: '',
    worker_subnet: '',
    cpu_percent: '',
    memory_percent: '',
    disk: '',
    logs: '',
    last_modified_timestamp: seconds,
  };
}
