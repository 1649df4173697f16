import { type InstanceRef, type InstanceReport, NO_PLACEMENT, NO_USAGE } from '@hedgerow/protos';
import { type Instance, isTombstone, isWaiting, type Worker } from '../model.ts';

/** @param worker the one that has the instance, if it is known */
export function toReport(instance: Instance, worker: Worker | undefined): InstanceReport {
  return {
    service_id: instance.service_id,
    instance_number: instance.instance_number,
    generation: instance.generation,
    epoch: instance.epoch,
    status: instance.status,
    status_detail: instance.status_detail,
    worker_id: instance.worker_id,
    host_ip: worker?.public_address ?? '',
    host_port: worker?.tunnel_port ?? 0,
    namespace_ip: isWaiting(instance) ? '' : instance.namespace_ip,
    worker_subnet: worker?.subnet ?? '',
    cpu_percent: instance.cpu_percent,
    memory_percent: instance.memory_percent,
    disk: instance.disk,
    logs: instance.logs,
    moves: [...instance.moves],
    withdrawn: isTombstone(instance),
    instance_ip: instance.instance_ip,
  };
}

/** For an instance that the cluster does not have (any more). */
export function goneReport(ref: InstanceRef, last?: Instance): InstanceReport {
  return {
    service_id: ref.service_id,
    instance_number: ref.instance_number,
    generation: last?.generation ?? 0,
    epoch: last?.epoch ?? 0,
    status: 'UNDEPLOYED',
    status_detail: '',
    ...NO_PLACEMENT,
    worker_id: last?.worker_id ?? '',
    ...NO_USAGE,
    moves: [...(last?.moves ?? [])],
  };
}

const SHOWN = [
  'generation',
  'epoch',
  'status',
  'status_detail',
  'worker_id',
  'namespace_ip',
  'cpu_percent',
  'memory_percent',
  'disk',
  'logs',
] as const satisfies readonly (keyof Instance)[];

/** Does the root see a difference? */
export function isNews(before: Instance | null, after: Instance): boolean {
  return before === null || SHOWN.some(key => before[key] !== after[key]);
}
