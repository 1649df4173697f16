/** The moves that a history gets of a change: the root's own, and what a cluster says of others'. Pure. */
import {
  canMove,
  type InstanceReport,
  isPlaced,
  isStatus,
  isWrittenBy,
  type Move,
  STATUSES,
  type Status,
} from '@hedgerow/protos';
import type { Instance, PlacedMove } from '../model.ts';

/** @param at epoch ms @param before null = not known until now @returns none when it is in the same state at the same place */
export function ownMoves(before: Instance | null, after: Instance, at: number): PlacedMove[] {
  const { status, status_detail: detail, worker_id, cluster_id } = after;
  const same = before?.status === status && before.cluster_id === cluster_id;
  // a refusal is the cluster's word, also where the root keeps it
  const tier = isWrittenBy('root', status) ? 'root' : 'cluster';
  return same ? [] : [{ at, tier, status, detail, worker_id, cluster_id }];
}

/** @param at epoch ms, for a report that only says what is */
export function reportedMoves(
  before: Instance,
  clusterId: string,
  report: InstanceReport,
  at: number,
): PlacedMove[] {
  // what is final stays so: a cluster whose disk has forgotten the end says again what was before it
  if (STATUSES[before.status].final && !mayFollow(before.status, report.status)) return [];
  const said = report.moves?.length ? report.moves : madeOf(report, at);
  const isKnown = before.status === report.status && before.epoch === report.epoch;
  if (!report.moves?.length && isKnown && before.cluster_id === clusterId) return [];
  // a cluster that was killed lists what its disk remembers, which may be what was before
  if (!report.moves?.length && isStepBack(before, report)) return [];
  return said
    .filter(move => !isAnswered(before, report, move))
    .map(move => ({ ...move, cluster_id: clusterId }));
}

function mayFollow(from: Status, to: string): boolean {
  return isStatus(to) && canMove(from, to);
}

function isStepBack({ status, epoch }: Instance, report: InstanceReport): boolean {
  return epoch === report.epoch && isStatus(report.status) && !canMove(status, report.status);
}

function madeOf({ status, status_detail: detail, worker_id }: InstanceReport, at: number): Move[] {
  if (!isStatus(status)) return [];
  return [{ at, tier: isWrittenBy('worker', status) ? 'worker' : 'cluster', status, detail, worker_id }];
}

/** Has the answer to Place said so already? It does not know the epoch, which the first report brings. */
function isAnswered(before: Instance, { epoch }: InstanceReport, { status, worker_id }: Move): boolean {
  return (
    before.epoch !== epoch && before.status === status && before.worker_id === worker_id && isAnswer(status)
  );
}

function isAnswer(status: string): boolean {
  return isStatus(status) && isWrittenBy('cluster', status) && isPlaced(status);
}

/** What the answer to Place says that the cluster has done. */
export function answeredMoves(
  { status, status_detail, worker_id, cluster_id }: Instance,
  at: number,
): PlacedMove[] {
  return isAnswer(status)
    ? [{ at, tier: 'cluster', status, detail: status_detail, worker_id, cluster_id }]
    : [];
}
