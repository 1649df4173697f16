/** The moves that a history gets of a change: the root's own, and what a cluster says of others'. Pure. */
import { type InstanceReport, isStatus, isWrittenBy, type Move } from '@hedgerow/protos';
import type { Instance, PlacedMove } from '../model.ts';

/** @param at epoch ms @param before null = not known until now @returns none when it is in the same state at the same place */
export function ownMoves(before: Instance | null, after: Instance, at: number): PlacedMove[] {
  const { status, status_detail: detail, worker_id, cluster_id } = after;
  const same = before?.status === status && before.cluster_id === cluster_id;
  return same ? [] : [{ at, tier: 'root', status, detail, worker_id, cluster_id }];
}

/** @param at epoch ms, for a report that only says what is */
export function reportedMoves(
  before: Instance,
  clusterId: string,
  report: InstanceReport,
  at: number,
): PlacedMove[] {
  const told = (report.moves ?? []).map(move => ({ ...move, cluster_id: clusterId }));
  if (told.length > 0 || !isStatus(report.status)) return told;
  const same =
    before.status === report.status && before.epoch === report.epoch && before.cluster_id === clusterId;
  if (same) return [];
  const { status, status_detail: detail, worker_id } = report;
  const tier: Move['tier'] = isWrittenBy('worker', report.status) ? 'worker' : 'cluster';
  return [{ at, tier, status, detail, worker_id, cluster_id: clusterId }];
}
