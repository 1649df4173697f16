/** What a worker's word about an instance means, given what the cluster believes. Pure. */
import {
  canMove,
  isStatus,
  isWrittenBy,
  type JobPayload,
  type Move,
  NO_USAGE,
  STATUSES,
  type Status,
  type StatusOf,
  withMoves,
} from '@hedgerow/protos';
import { type Instance, isWaiting } from '../model.ts';

export type Verdict =
  /** it is the worker's own and news or a repetition */
  | 'apply'
  /** gone as it should be: forget it */
  | 'gone'
  /** the worker removed what should run: place it again */
  | 'lost'
  /** the worker removed what had ended: it stays ended, and is nobody's */
  | 'detached'
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
  if (instance.worker_id !== workerId) return removed || waitsFor(workerId, instance) ? 'old' : 'stray';
  if (removed && instance.desired === 'gone') return 'gone';
  if (isComplaint(instance, job)) return 'note';
  if (isOlder(job, instance)) return 'old';
  if (removed) return STATUSES[instance.status].final ? 'detached' : 'lost';
  return isWorkersWord(job.status) && leadsTo(instance.status, job) ? 'apply' : 'refused';
}

/** What happened while the cluster could not hear is told at once, and may begin with what it had heard. */
function leadsTo(from: Status, { status, moves = [] }: JobPayload): boolean {
  const way = [...moves.map(move => move.status).filter(isStatus), status as Status];
  return way.some((_, begin) => isLegal([from, ...way.slice(begin)]));
}

function isLegal(way: readonly Status[]): boolean {
  return way.every((to, index) => index === 0 || canMove(way[index - 1] as Status, to));
}

/** A worker may not say what root or cluster alone decide. */
export function isWorkersWord(word: string): word is StatusOf<'worker'> {
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

/** Its worker was given up and nobody else has been given it: the copy that was there may stay. */
function waitsFor(workerId: string, instance: Instance): boolean {
  return isWaiting(instance) && instance.former === workerId;
}

/** A returning worker may keep a copy that nobody else has been given meanwhile. */
export function mayKeep(workerId: string, instance: Instance, job: JobPayload): boolean {
  const same = job.generation === instance.generation && job.epoch === instance.epoch;
  return same && waitsFor(workerId, instance);
}

/** The instance after its worker's word was accepted. @param now ms since the epoch */
export function applied(instance: Instance, job: JobPayload, now: number): Instance {
  const status = isWorkersWord(job.status) ? job.status : instance.status;
  return {
    ...instance,
    former: '',
    status,
    status_detail: job.status_detail,
    status_since: status === instance.status ? instance.status_since : now,
    moves: withMoves(instance.moves, movesIn(instance, job, now)),
    reason: '',
    epoch: Math.max(instance.epoch, job.epoch),
    namespace_ip: job.namespace_ip,
    // what has ended uses nothing, whatever was measured last
    ...(STATUSES[status].final ? NO_USAGE : {}),
    logs: job.logs === '' ? instance.logs : job.logs,
  };
}

/** A worker that keeps no moves has made one when it says something else than before. */
export function movesIn(instance: Instance, job: JobPayload, now: number): readonly Move[] {
  const { status, status_detail: detail } = job;
  const own = { tier: 'worker', worker_id: instance.worker_id } as const;
  if (job.moves)
    return job.moves.filter(move => isWorkersWord(move.status)).map(move => ({ ...move, ...own }));
  const repeated = status === instance.status && detail === instance.status_detail;
  return repeated || !isWorkersWord(status) ? [] : [{ at: now, status, detail, ...own }];
}
