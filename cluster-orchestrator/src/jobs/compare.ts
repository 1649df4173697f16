/** What a worker has, set against what it should have. Pure. */
import { type JobPayload, STATUSES } from '@hedgerow/protos';
import { type Instance, instanceId } from '../model.ts';
import { isOlder, isWorkersWord, mayKeep } from './judge.ts';

export type Repair =
  /** believe the worker; the instance becomes its own if it was nobody's */
  | { kind: 'adopt'; instance: Instance; job: JobPayload }
  /** it has it, and says of it what a worker does not decide: nothing is known of how it is */
  | { kind: 'refuse'; instance: Instance; job: JobPayload }
  /** the worker must remove this copy; there may be no such instance */
  | { kind: 'delete'; instance: Instance | undefined; job: JobPayload }
  /** the worker must run this: it lost it, never got it, or has an earlier placement of it */
  | { kind: 'deploy'; instance: Instance }
  /** removed as asked */
  | { kind: 'forget'; instance: Instance }
  /** it had ended, and its container is gone with the worker's memory of it */
  | { kind: 'detach'; instance: Instance };

/**
 * @param own the instances that the cluster believes this worker has
 * @param lookup every instance of the cluster by id
 */
export function compare(
  workerId: string,
  own: readonly Instance[],
  lookup: (id: string) => Instance | undefined,
  reported: readonly JobPayload[],
): Repair[] {
  const there = reported.filter(job => job.status !== 'UNDEPLOYED');
  const ids = new Set(there.map(idOf));
  return [
    ...there.map(job => judgeReported(workerId, lookup(idOf(job)), job)),
    ...own.filter(instance => !ids.has(instance.id)).map(judgeMissing),
  ];
}

function judgeReported(workerId: string, instance: Instance | undefined, job: JobPayload): Repair {
  if (!instance) return { kind: 'delete', instance, job };
  const keeps = mayKeep(workerId, instance, job);
  const own = instance.worker_id === workerId && instance.desired === 'run';
  if (!keeps && (!own || isOver(instance, job))) return { kind: 'delete', instance, job };
  if (!keeps && isOlder(job, instance)) return { kind: 'deploy', instance };
  return { kind: isWorkersWord(job.status) ? 'adopt' : 'refuse', instance, job };
}

/** What has ended does not run again, whoever has a copy of it that does. */
function isOver(instance: Instance, job: JobPayload): boolean {
  if (!STATUSES[instance.status].final) return false;
  return isOlder(job, instance) || job.status !== instance.status;
}

function judgeMissing(instance: Instance): Repair {
  if (instance.desired === 'gone') return { kind: 'forget', instance };
  return { kind: STATUSES[instance.status].final ? 'detach' : 'deploy', instance };
}

function idOf(job: JobPayload): string {
  return instanceId({ service_id: job.service_id, instance_number: job.instance });
}
