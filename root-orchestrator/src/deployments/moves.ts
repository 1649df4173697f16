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

/** What is known of an instance only while a cluster has it. The epoch stays: whoever gets it next goes on from there. */
export const UNPLACED = {
  cluster_id: '',
  last_detail: undefined,
  ...NO_PLACEMENT,
} as const;

/** A cluster counts its placements one by one: who is so far ahead makes the numbers up. */
const MOST_AHEAD = 1_000_000;

/** Is it of an earlier specification or placement than what is stored? */
export function isOlder(report: InstanceReport, { generation, epoch }: Instance): boolean {
  return report.generation < generation || report.epoch < epoch;
}

/**
 * @param whole the report is part of a Hello, which is all that the cluster knows: no move is too large for it
 * @returns the fields that differ, or null when there are none, when the report is older than what is stored, or when it
 * says what no cluster can know
 */
export function observe(instance: Instance, report: InstanceReport, whole: boolean): Change | null {
  if (isOlder(report, instance) || !isStatus(report.status) || !isCredible(report, instance)) return null;
  if (!mayFollow(instance, report, report.status, whole)) return null;
  const seen = said(instance, report, report.status);
  const differs = (key: keyof Change) => seen[key] !== instance[key];
  return (Object.keys(seen) as (keyof Change)[]).some(differs) ? seen : null;
}

/**
 * Another cluster's copy is the instance from now on. How often others placed theirs does not count against it.
 * @returns null when it cannot be
 */
export function takeOver(instance: Instance, clusterId: string, report: InstanceReport): Change | null {
  const isOld = report.generation < instance.generation;
  if (isOld || !isStatus(report.status) || !isCredible(report, instance)) return null;
  const left = leftBehind([...(instance.left ?? []), instance.cluster_id], clusterId);
  return { ...said(instance, report, report.status), cluster_id: clusterId, left };
}

/** @returns `left` of an instance: those of the clusters that the owner is not; undefined when there are none */
export function leftBehind(clusters: readonly string[], owner: string): readonly string[] | undefined {
  const others = [...new Set(clusters)].filter(id => id !== '' && id !== owner);
  return others.length > 0 ? others : undefined;
}

function said(instance: Instance, report: InstanceReport, status: Status): Change {
  const again = report.epoch !== instance.epoch;
  // what has ended uses nothing, whatever was measured last
  const usage = (now: string, before: string) => (STATUSES[status].final ? '' : now || (again ? '' : before));
  return {
    last_detail: undefined,
    unlisted: undefined,
    status,
    status_detail: report.status_detail,
    epoch: report.epoch,
    worker_id: report.worker_id,
    host_ip: report.host_ip,
    host_port: report.host_port,
    namespace_ip: report.namespace_ip,
    worker_subnet: report.worker_subnet,
    cpu_percent: usage(report.cpu_percent, instance.cpu_percent),
    memory_percent: usage(report.memory_percent, instance.memory_percent),
    disk: usage(report.disk, instance.disk),
    logs: report.logs || instance.logs,
  };
}

/** Some states are the root's own words. */
function isCredible({ status, epoch }: InstanceReport, instance: Instance): boolean {
  return isStatus(status) && !isWrittenBy('root', status) && epoch - instance.epoch <= MOST_AHEAD;
}

function mayFollow(instance: Instance, report: InstanceReport, to: Status, whole: boolean): boolean {
  if (STATUSES[instance.status].final && to !== instance.status) return false;
  if (whole || report.epoch > instance.epoch) return true;
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
