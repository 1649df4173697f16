import type { DeployPayload, JobPayload } from '@hedgerow/protos';

/** Which service's and which number, as orders and labels name it. */
export type InstanceName = Pick<DeployPayload, 'service_id' | 'job_name' | 'instance_number'>;

/** And of which order. */
export type Identity = Pick<DeployPayload, 'service_id' | 'generation' | 'epoch'>;

export function identityOf(of: Identity): Identity {
  return { service_id: of.service_id, generation: of.generation, epoch: of.epoch };
}

/** What is said of one that is not here, under no order. */
export function absent(of: InstanceName, publicAddress: string): JobPayload {
  return {
    sname: of.job_name,
    service_id: of.service_id,
    instance: of.instance_number,
    status: 'UNDEPLOYED',
    status_detail: 'not on this worker',
    publicip: publicAddress,
    namespace_ip: '',
    generation: 0,
    epoch: 0,
    logs: '',
  };
}
