/** What to do about the difference between what a cluster has and what it should have. Pure. */
import type { InstanceRef, InstanceReport } from '@hedgerow/protos';
import { STATUSES } from '@hedgerow/protos';
import type { Instance } from '../model.ts';

export type Step =
  /** the cluster has it and should: take over what it says */
  | 'observe'
  /** it has it, but of an older specification */
  | 'renew'
  /** it has what the root thought nobody had */
  | 'adopt'
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

/** For an instance that a cluster names in its Hello. @param stored null = it certainly does not exist */
export function stepForListed(clusterId: string, report: InstanceReport, stored: Instance | null): Step {
  if (report.status === 'UNDEPLOYED') return stored?.cluster_id === clusterId ? 'gone' : 'nothing';
  if (!stored || stored.desired === 'gone') return 'remove';
  if (stored.cluster_id === '') return 'adopt';
  if (stored.cluster_id !== clusterId) return 'remove';
  return report.generation < stored.generation ? 'renew' : 'observe';
}

/** For an instance that a cluster names in a report of a change. */
export function stepForReported(clusterId: string, report: InstanceReport, stored: Instance | null): Step {
  const mine = stored?.cluster_id === clusterId;
  if (report.status === 'UNDEPLOYED') return mine ? 'gone' : 'nothing';
  return mine ? 'observe' : 'remove';
}

/** For an instance of this cluster that its Hello does not name. */
export function stepForMissing(stored: Instance): Step {
  if (stored.desired === 'gone') return 'gone';
  return STATUSES[stored.status].final ? 'nothing' : 'place';
}
