/** What the network sees of one service: our own instances and those that the root told us of. Pure. */
import { isPlaced, type TableEntry, type TableInstance } from '@hedgerow/protos';
import { type Instance, isWaiting, type Worker } from '../model.ts';

export interface MergeSources {
  clusterId: string;
  /**
   * the worker that an instance's packets go to, or undefined when it has been given up; of one that waits, the worker
   * that has it still, as far as can be known
   */
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
  const foreign = (remote?.instances ?? []).filter(instance => instance.cluster_id !== sources.clusterId);
  const taken = new Set(foreign.filter(i => i.namespace_ip !== '').map(i => i.instance_number));
  const here = own
    .filter(instance => !isWaiting(instance) || !taken.has(instance.instance_number))
    .flatMap(instance => listed(instance, sources));
  // the root may know of another copy, and has not said yet that ours has to go: nobody may be led to both
  const answering = new Set(here.filter(i => i.namespace_ip !== '').map(i => i.instance_number));
  const elsewhere = foreign.filter(i => !answering.has(i.instance_number));
  const instances = withoutNeedlessWays([...here, ...elsewhere]);
  return {
    job_name: service.job_name,
    application_id: service.application_id,
    service_ip: service.service_ip,
    instances: instances.sort((a, b) => a.instance_number - b.instance_number),
    removed: false,
  };
}

/**
 * An instance is listed from its placement on, so that other workers have the way back to its worker before its
 * program sends a first packet. It answers for its service only while it is RUNNING: until then it has no address. One
 * that waits for a worker which was lost with all others goes on there, as far as can be known, and stays listed.
 */
function listed(instance: Instance, sources: MergeSources): TableInstance[] {
  const worker = sources.carrier(instance);
  const waits = isWaiting(instance);
  if (!worker || instance.desired !== 'run' || !(waits || isPlaced(instance.status))) return [];
  return [
    {
      instance_number: instance.instance_number,
      instance_ip: instance.instance_ip,
      namespace_ip: waits || instance.status === 'RUNNING' ? instance.namespace_ip : '',
      host_ip: worker.public_address,
      host_port: worker.tunnel_port,
      worker_id: worker.id,
      worker_subnet: worker.subnet,
      cluster_id: sources.clusterId,
    },
  ];
}

/** An instance without an address says only where its worker is: once per worker is enough, for each push costs. */
function withoutNeedlessWays(instances: readonly TableInstance[]): TableInstance[] {
  const known = new Set(instances.filter(i => i.namespace_ip !== '').map(i => i.worker_id));
  return instances.filter(instance => {
    if (instance.namespace_ip !== '') return true;
    const first = !known.has(instance.worker_id);
    known.add(instance.worker_id);
    return first;
  });
}

export function removedEntry(entry: TableEntry): TableEntry {
  return { ...entry, instances: [], removed: true };
}

export function sameEntry(a: TableEntry | undefined, b: TableEntry | undefined): boolean {
  if (!a || !b || a.instances.length !== b.instances.length) return a === b;
  if (!isSame(a, b, ['job_name', 'application_id', 'service_ip', 'removed'])) return false;
  return a.instances.every((instance, at) => isSame(instance, b.instances[at] as TableInstance, FIELDS));
}

const FIELDS = [
  'instance_number',
  'instance_ip',
  'namespace_ip',
  'host_ip',
  'host_port',
  'worker_id',
  'worker_subnet',
  'cluster_id',
] as const satisfies readonly (keyof TableInstance)[];

function isSame<T>(a: T, b: T, keys: readonly (keyof T)[]): boolean {
  return keys.every(key => a[key] === b[key]);
}
