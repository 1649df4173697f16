import type { DeletePayload, DeployPayload } from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import { runtime } from '../scheduler/demand.ts';

export function toDeploy(instance: Instance): DeployPayload {
  return {
    ...instance.service,
    _id: instance.service_id,
    virtualization: runtime(instance.service.virtualization),
    instance_number: instance.instance_number,
    instance_ip: instance.instance_ip,
    generation: instance.generation,
    epoch: instance.epoch,
    request_id: instance.request_id,
  };
}

export function toDelete(instance: Instance): DeletePayload {
  return {
    service_id: instance.service_id,
    instance_number: instance.instance_number,
    job_name: instance.service.job_name,
    virtualization: runtime(instance.service.virtualization),
    request_id: instance.request_id,
  };
}
