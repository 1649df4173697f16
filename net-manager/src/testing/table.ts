import type { NetRegistration, TableEntry, TableInstance } from '@hedgerow/protos';
import { Directory } from '../table/directory.ts';
import { serviceOf } from '../table/services.ts';

export const WORKER_A: NetRegistration = {
  client_id: 'a'.repeat(24),
  subnet: '10.18.0.0',
  public_address: '192.168.77.1',
  tunnel_port: 50103,
};

export const WORKER_B: NetRegistration = {
  client_id: 'b'.repeat(24),
  subnet: '10.18.0.64',
  public_address: '192.168.77.2',
  tunnel_port: 50103,
};

/** Instance `number` of a service at `address` on a worker; its instance IP follows from the service's number. */
export function instance(
  worker: NetRegistration,
  number: number,
  address: string,
  instanceIp: string,
): TableInstance {
  return {
    instance_number: number,
    instance_ip: instanceIp,
    namespace_ip: address,
    host_ip: worker.public_address,
    host_port: worker.tunnel_port,
    worker_id: worker.client_id,
    worker_subnet: worker.subnet,
    cluster_id: 'c'.repeat(24),
  };
}

export function entry(job: string, serviceIp: string, instances: TableInstance[] = []): TableEntry {
  return { job_name: job, application_id: 'app', service_ip: serviceIp, instances, removed: false };
}

export function directoryOf(entries: readonly TableEntry[]): Directory {
  return new Directory(entries.map(serviceOf));
}
