/** What the network sees of one service: our own instances and those that the root told us of. Pure. */
import type { TableEntry, TableInstance } from '@hedgerow/protos';
import type { Instance, Worker } from '../model.ts';

export interface MergeSources {
  clusterId: string;
  /** the worker that an instance's packets go to, or undefined when it has been given up */
  carrier(instance: Instance): Worker | undefined;
}

/** @returns null when nobody has this service */
export function mergeEntry(
  own: readonly Instance[],
  remote: TableEntry | undefined,
  sources: MergeSources,
): TableEntry | null {
  const service = own[0]?.service ?? remote;
  if (!service) return null;
  const foreign = (remote?.instances ?? []).filter(
    instance => instance.cluster_id !== sources.clusterId && instance.namespace_ip !== '',
  );
  const instances = [...own.flatMap(instance => endpoint(instance, sources)), ...foreign];
  return {
    job_name: service.job_name,
    application_id: service.application_id,
    service_ip: service.service_ip,
    instances: instances.sort((a, b) => a.instance_number - b.instance_number),
    removed: false,
  };
}

/** None for an instance that cannot answer: not attached, not up, going away, or its worker given up. */
function endpoint(instance: Instance, sources: MergeSources): TableInstance[] {
  const up = instance.status === 'RUNNING' || instance.status === 'CREATED';
  const worker = sources.carrier(instance);
  if (!up || !worker || instance.namespace_ip === '' || instance.desired !== 'run') return [];
  return [
    {
      instance_number: instance.instance_number,
      instance_ip: instance.instance_ip,
      namespace_ip: instance.namespace_ip,
      host_ip: worker.public_address,
      host_port: worker.tunnel_port,
      worker_id: worker.id,
      worker_subnet: worker.subnet,
      cluster_id: sources.clusterId,
    },
  ];
}

export function removedEntry(entry: TableEntry): TableEntry {
  return { ...entry, instances: [], removed: true };
}

export function sameEntry(a: TableEntry | undefined, b: TableEntry | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
