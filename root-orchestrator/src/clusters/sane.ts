/**
 * What a cluster says of instances, cut to what the root can keep and show. Clusters are let in with a token, but one
 * that is broken must not fill the store, the log and the workers of others. Pure.
 */
import { isId } from '@hedgerow/common';
import {
  type Aggregate,
  type Hello,
  type InstanceReport,
  isStatus,
  isWrittenBy,
  MOST_MOVES,
  type Move,
  type PlaceAnswer,
  type SubnetHold,
  type Tier,
} from '@hedgerow/protos';

/** characters */
const LONGEST = { detail: 4096, logs: 65_536, word: 255 } as const;
/** words of one kind in an aggregate: a cluster has so many workers at most */
const MOST_WORDS = 10_000;
const TIERS: readonly Tier[] = ['root', 'cluster', 'worker'];

export interface Sane {
  reports: InstanceReport[];
  /** what made no sense, and why, the first of each kind */
  refused: { count: number; why: Map<string, object> };
}

export function saneReports(reports: readonly InstanceReport[]): Sane {
  const refused: Sane['refused'] = { count: 0, why: new Map() };
  const kept = reports.filter(report => {
    const why = nonsense(report);
    if (why === null) return true;
    refused.count += 1;
    if (!refused.why.has(why)) refused.why.set(why, naming(report));
    return false;
  });
  return { reports: kept.map(cut), refused };
}

/** Amounts are numbers that are not negative. */
export function saneAggregate(aggregate: Aggregate): Aggregate {
  const entries = Object.entries(aggregate).map(([key, value]: [string, unknown]) => {
    if (typeof value === 'number') return [key, Number.isFinite(value) ? Math.max(0, value) : 0];
    return [key, Array.isArray(value) ? value.slice(0, MOST_WORDS).map(word) : value];
  });
  return Object.fromEntries(entries);
}

export function saneAnswer(answer: PlaceAnswer): PlaceAnswer {
  return {
    ...answer,
    worker_id: word(answer.worker_id),
    status_detail: answer.status_detail.slice(0, LONGEST.detail),
  };
}

export function saneHolds(holds: readonly SubnetHold[]): SubnetHold[] {
  return holds.filter(({ worker_id }) => isId(worker_id));
}

/** Of who the cluster is; what it has is looked at apart. */
export function saneHello(hello: Hello): Hello {
  return { ...hello, cluster_location: word(hello.cluster_location), address: word(hello.address) };
}

function nonsense({ service_id, status }: InstanceReport): string | null {
  if (!isId(service_id)) return 'not the id of a service';
  if (!isStatus(status)) return 'unknown status';
  return isWrittenBy('root', status) ? 'a status that only the root gives' : null;
}

function naming({ service_id, instance_number, status }: InstanceReport): object {
  return { service_id: word(service_id), instance_number, status: word(status) };
}

function cut(report: InstanceReport): InstanceReport {
  return {
    ...report,
    status_detail: report.status_detail.slice(0, LONGEST.detail),
    worker_id: word(report.worker_id),
    host_ip: word(report.host_ip),
    namespace_ip: word(report.namespace_ip),
    worker_subnet: word(report.worker_subnet),
    cpu_percent: word(report.cpu_percent),
    memory_percent: word(report.memory_percent),
    disk: word(report.disk),
    // The end of an output says more than its beginning.
    logs: report.logs.slice(-LONGEST.logs),
    moves: (report.moves ?? []).filter(makesSense).slice(-MOST_MOVES).map(cutMove),
  };
}

function makesSense({ at, tier, status }: Move): boolean {
  return Number.isFinite(at) && TIERS.includes(tier) && isStatus(status);
}

function cutMove({ at, tier, status, detail, worker_id }: Move): Move {
  return { at, tier, status, detail: detail.slice(0, LONGEST.detail), worker_id: word(worker_id) };
}

function word(text: string): string {
  return text.slice(0, LONGEST.word);
}
