/** A service as the network sees it: what of its instances can be reached. */
import { isPlaced, type TableEntry, type TableInstance } from '@hedgerow/protos';
import type { Instance } from '../model.ts';

/** What of a service its table entry needs. */
export interface ServiceName {
  readonly job_name: string;
  readonly application_id: string;
  readonly service_ip: string;
}

/**
 * An instance is listed from its placement on, so that others know the way to its worker before its program's first
 * packet asks them for an answer. It answers for its service only while it runs: until then it has no address.
 */
function isListed(instance: Instance): boolean {
  return instance.desired === 'run' && isPlaced(instance.status) && instance.worker_subnet !== '';
}

export function tableInstance(instance: Instance): TableInstance {
  return {
    instance_number: instance.instance_number,
    instance_ip: instance.instance_ip,
    namespace_ip: instance.status === 'RUNNING' ? instance.namespace_ip : '',
    host_ip: instance.host_ip,
    host_port: instance.host_port,
    worker_id: instance.worker_id,
    worker_subnet: instance.worker_subnet,
    cluster_id: instance.cluster_id,
  };
}

/**
 * @param clusterId who is told: a cluster that may still have a copy of what another one has by now is not told of that
 * one before its own is gone, or its workers would know two
 */
export function tableEntry(
  service: ServiceName,
  instances: readonly Instance[],
  clusterId: string,
): TableEntry {
  return {
    ...nameOf(service),
    instances: instances
      .filter(instance => isListed(instance) && !instance.left?.includes(clusterId))
      .map(tableInstance)
      .sort((a, b) => a.instance_number - b.instance_number),
    removed: false,
  };
}

export function removedEntry(service: ServiceName): TableEntry {
  return { ...nameOf(service), instances: [], removed: true };
}

/** Equal texts: nothing that matters to this cluster differs. Its own instances it knows better than the root. */
export function fingerprint(entry: TableEntry, clusterId: string): string {
  return JSON.stringify([entry.service_ip, entry.instances.filter(i => i.cluster_id !== clusterId)]);
}

/** Does the network see a difference between two states of an instance? */
export function looksDifferent(before: Instance | undefined, after: Instance | undefined): boolean {
  const seen = (instance: Instance | undefined) =>
    instance && isListed(instance) ? JSON.stringify([tableInstance(instance), instance.left ?? []]) : '';
  return seen(before) !== seen(after);
}

export function nameOf({ job_name, application_id, service_ip }: ServiceName): ServiceName {
  return { job_name, application_id, service_ip };
}
