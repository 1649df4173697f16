import type { Candidate, Demand } from './candidate.ts';
import { filtersFor, namesClusters } from './filters.ts';
import { byWeight } from './weigh.ts';

export type NoTarget =
  | 'TargetClusterNotFound'
  | 'TargetClusterNotActive'
  | 'TargetClusterNoCapacity'
  | 'NoActiveClusterWithCapacity';

/** How many candidates a filter left, and in words what it looked for. */
export interface Step {
  filter: string;
  left: number;
  phrase: string;
}

export type Decision =
  | { clusters: Candidate[]; explanation: Step[] }
  | { status: NoTarget; detail: string; explanation: Step[] };

/** @returns clusters that can take the instance, best first, or why there is none. */
export function schedule(candidates: readonly Candidate[], demand: Demand): Decision {
  const explanation: Step[] = [];
  let left = [...candidates];
  for (const filter of filtersFor(demand)) {
    const before = left;
    left = before.filter(candidate => filter.accepts(candidate, demand));
    explanation.push({ filter: filter.name, left: left.length, phrase: filter.phrase(demand) });
    if (left.length > 0) continue;
    const detail = sentence(candidates.length, explanation) + roomiest(filter.name, before);
    return { status: statusOf(explanation, demand), detail, explanation };
  }
  return { clusters: left.sort(byWeight), explanation };
}

function statusOf(explanation: readonly Step[], demand: Demand): NoTarget {
  if (!namesClusters(demand)) return 'NoActiveClusterWithCapacity';
  const stopped = explanation.at(-1)?.filter;
  if (stopped === 'named') return 'TargetClusterNotFound';
  return stopped === 'connected' ? 'TargetClusterNotActive' : 'TargetClusterNoCapacity';
}

function sentence(known: number, explanation: readonly Step[]): string {
  const steps = explanation.map(step => `${step.left} ${step.phrase}`).join(', ');
  return `of ${known} known cluster${known === 1 ? '' : 's'}, ${steps}`;
}

function roomiest(stopped: string, candidates: readonly Candidate[]): string {
  if (stopped !== 'capacity') return '';
  const most = (key: 'largest_free_vcpus' | 'largest_free_memory' | 'active_nodes') =>
    Math.max(...candidates.map(({ aggregate }) => aggregate[key]));
  if (most('active_nodes') === 0) return '; they have no live worker';
  return `; at most ${most('largest_free_vcpus')} vcpus and ${most('largest_free_memory')} MiB are free on one worker`;
}
