/** What a worker's word about an instance means, given what the cluster believes. Pure. */
import { canMove, isStatus, isWrittenBy, type JobPayload, type Status } from '@hedgerow/protos';
import { type Instance, isWaiting } from '../model.ts';

export type Verdict =
  /** it is the worker's own and news or a repetition */
  | 'apply'
  /** gone as it should be: forget it */
  | 'gone'
  /** the worker removed what should run: place it again */
  | 'lost'
  /** the worker must remove it */
  | 'stray'
  /** an earlier placement, or a copy whose worker is about to sync: says nothing about now */
  | 'old'
  /** the worker cannot read its order and says why; its deadline goes on */
  | 'note'
  /** not a status, or not one that a worker writes, or not a legal move */
  | 'refused';

export function judge(instance: Instance | undefined, workerId: string, job: JobPayload): Verdict {
  const removed = job.status === 'UNDEPLOYED';
  if (!instance) return removed ? 'old' : 'stray';
  if (instance.worker_id === '') return 'old';
  if (instance.worker_id !== workerId) return removed ? 'old' : 'stray';
  if (removed && instance.desired === 'gone') return 'gone';
  if (isComplaint(instance, job)) return 'note';
  if (isOlder(job, instance)) return 'old';
  if (removed) return 'lost';
  return isWorkersWord(job.status) && canMove(instance.status, job.status) ? 'apply' : 'refused';
}

/** A worker may not say what root or cluster alone decide. */
export function isWorkersWord(word: string): word is Status {
  return isStatus(word) && isWrittenBy('worker', word);
}

/** Of an order that it could not read, a worker knows neither generation nor epoch. */
function isComplaint(instance: Instance, job: JobPayload): boolean {
  const unnumbered = job.generation === 0 && job.epoch === 0;
  return unnumbered && job.status === 'FAILED' && instance.status === 'NODE_SCHEDULED';
}

/** Was this said of an earlier placement or specification? */
export function isOlder(job: JobPayload, instance: Instance): boolean {
  return job.generation < instance.generation || job.epoch < instance.epoch;
}

/** A returning worker may keep a copy that nobody else has been given meanwhile. */
export function mayKeep(instance: Instance, job: JobPayload): boolean {
  return isWaiting(instance) && job.generation === instance.generation && job.epoch === instance.epoch;
}

/** The instance after its worker's word was accepted. @param now ms since the epoch */
export function applied(instance: Instance, job: JobPayload, now: number): Instance {
  const status = isWorkersWord(job.status) ? job.status : instance.status;
  return {
    ...instance,
    status,
    status_detail: job.status_detail,
    status_since: status === instance.status ? instance.status_since : now,
    reason: '',
    epoch: Math.max(instance.epoch, job.epoch),
    namespace_ip: job.namespace_ip,
    logs: job.logs === '' ? instance.logs : job.logs,
  };
}
