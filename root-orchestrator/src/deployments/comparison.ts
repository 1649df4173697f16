/** What to do about the difference between what a cluster has and what it should have. Pure. */
import { type InstanceRef, type InstanceReport, isPlaced, isStatus, STATUSES } from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import { isOlder, isRefusal } from './moves.ts';

export type Step =
  /** the cluster has it and should: take over what it says */
  | 'observe'
  /** it has it, but of an older specification */
  | 'renew'
  /** it has what nobody has, as far as is known, or what another cluster has only been asked for */
  | 'adopt'
  /** an operator removed it there, for good */
  | 'withdraw'
  /** it has no copy left of what is not its own any more */
  | 'forget'
  /** it has it and should not */
  | 'remove'
  /** it gave it up */
  | 'gone'
  /** it should have it and has not */
  | 'place'
  | 'nothing';

export function instanceId(ref: InstanceRef): string {
  return `${ref.service_id}/${ref.instance_number}`;
}

/**
 * For an instance that a cluster names in its Hello.
 * @param stored null = it certainly does not exist
 * @param ownerIsLost is the cluster that has it, by the store, away for longer than the instance waits?
 */
export function stepForListed(
  clusterId: string,
  report: InstanceReport,
  stored: Instance | null,
  ownerIsLost = false,
): Step {
  if (report.status === 'UNDEPLOYED') return stepForEnded(clusterId, report, stored);
  if (!stored || stored.desired === 'gone' || isUnknown(report, stored)) return 'remove';
  if (stored.cluster_id === clusterId) return stepForOwn(report, stored);
  if (report.generation < stored.generation) return 'remove';
  return stored.cluster_id === '' || isRightful(clusterId, report, stored, ownerIsLost) ? 'adopt' : 'remove';
}

/** It was given to another cluster because this one was away, and that one has not got it, as far as is known. */
function isRightful(clusterId: string, report: InstanceReport, stored: Instance, ownerIsLost: boolean) {
  const isThere = isStatus(report.status) && !isRefusal(report.status);
  const isElsewhere = stored.status !== 'CLUSTER_SCHEDULED' && !ownerIsLost;
  return isThere && !isElsewhere && mayHaveCopy(stored, clusterId);
}

/** For an instance that a cluster names in a report of a change. */
export function stepForReported(clusterId: string, report: InstanceReport, stored: Instance | null): Step {
  if (report.status === 'UNDEPLOYED') return stepForEnded(clusterId, report, stored);
  if (stored?.cluster_id !== clusterId || isUnknown(report, stored)) return 'remove';
  return stepForOwn(report, stored);
}

/** It runs a specification that this root never gave: its store was put back, and has given the number once more. */
function isUnknown({ generation }: InstanceReport, stored: Instance): boolean {
  return generation > stored.generation;
}

/** It has it by right. But its disk may have forgotten what it has told of: a placement, or that it has ended. */
function stepForOwn(report: InstanceReport, stored: Instance): Step {
  if (STATUSES[stored.status].final) return isAgain(report, stored) ? 'remove' : 'observe';
  // nothing that it says of an older placement would ever be believed
  return isOlder(report, stored) ? 'renew' : 'observe';
}

/** What has ended is not run again. Of the same placement the worker that has it says once more how it ended. */
function isAgain({ generation, epoch, status, worker_id }: InstanceReport, stored: Instance): boolean {
  const isSame = generation === stored.generation && epoch === stored.epoch && worker_id !== '';
  return isStatus(status) && !STATUSES[status].final && !isSame;
}

/** The cluster has it no more. What an operator removed there goes for good, unless it is elsewhere by now. */
function stepForEnded(clusterId: string, report: InstanceReport, stored: Instance | null): Step {
  const { withdrawn = false } = report;
  if (!stored) return withdrawn ? 'forget' : 'nothing';
  const isHere = stored.cluster_id === clusterId;
  const isLast = isHere || (stored.cluster_id === '' && mayHaveCopy(stored, clusterId));
  const isMeant = stored.desired === 'run' && !isOlder(report, stored);
  if (withdrawn && isLast && isMeant) return 'withdraw';
  if (isHere) return 'gone';
  return withdrawn || mayHaveCopy(stored, clusterId) ? 'forget' : 'nothing';
}

/** Did it have the instance when it went out of reach? */
export function mayHaveCopy({ left }: Instance, clusterId: string): boolean {
  return left?.includes(clusterId) ?? false;
}

/**
 * Does the cluster know what should run there by another instance IP? That one is not claimed for it, and may be somebody else's: the
 * number was given twice, because the store was put back to an older state between.
 */
export function hasOtherAddress({ instance_ip = '', status }: InstanceReport, stored: Instance): boolean {
  const isThere = stored.desired === 'run' && isStatus(status) && isPlaced(status);
  return isThere && instance_ip !== '' && instance_ip !== stored.instance_ip;
}

/** For an instance of this cluster that its Hello does not name. */
export function stepForMissing(stored: Instance): Step {
  if (stored.desired === 'gone') return 'gone';
  return STATUSES[stored.status].final ? 'nothing' : 'place';
}
