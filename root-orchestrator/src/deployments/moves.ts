/** What a report of a cluster changes of an instance. Pure: the report and the stored instance decide. */
import {
  canMove,
  type InstanceReport,
  isStatus,
  isWrittenBy,
  NO_PLACEMENT,
  STATUSES,
  type Status,
} from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import type { Change } from './instance-store.ts';

/** What is known of an instance only while a cluster has it. */
export const UNPLACED = {
  cluster_id: '',
  epoch: 0,
  ...NO_PLACEMENT,
} as const;

/**
 * @param whole the report is part of a Hello, which is all that the cluster knows: it stands, whatever was said before
 * @returns the fields that differ, or null when there are none or the report is older than what is stored
 */
export function observe(instance: Instance, report: InstanceReport, whole: boolean): Change | null {
  if (!isStatus(report.status) || !mayFollow(instance, report, report.status, whole)) return null;
  const again = report.epoch !== instance.epoch;
  const seen: Change = {
    status: report.status,
    status_detail: report.status_detail,
    epoch: report.epoch,
    worker_id: report.worker_id,
    host_ip: report.host_ip,
    host_port: report.host_port,
    namespace_ip: report.namespace_ip,
    worker_subnet: report.worker_subnet,
    cpu_percent: report.cpu_percent || (again ? '' : instance.cpu_percent),
    memory_percent: report.memory_percent || (again ? '' : instance.memory_percent),
    disk: report.disk || (again ? '' : instance.disk),
    logs: report.logs || instance.logs,
  };
  const differs = (key: keyof Change) => seen[key] !== instance[key];
  return (Object.keys(seen) as (keyof Change)[]).some(differs) ? seen : null;
}

function mayFollow(instance: Instance, report: InstanceReport, to: Status, whole: boolean): boolean {
  if (STATUSES[instance.status].final && to !== instance.status) return false;
  if (whole) return true;
  if (report.generation < instance.generation || report.epoch < instance.epoch) return false;
  if (report.epoch > instance.epoch) return true;
  return canMove(instance.status, to) || mayOvertake(instance.status) || isRefusal(to);
}

/** A report may be here before the answer to Place, so the states between are stepped over. */
function mayOvertake(from: Status): boolean {
  return isWrittenBy('root', from);
}

/** A cluster that finds no worker for a lost instance says so from any state. */
export function isRefusal(to: Status): boolean {
  return to === 'NO_WORKER_CAPACITY' || to === 'NO_QUALIFIED_WORKER_FOUND' || to === 'NO_NODE_FOUND';
}
