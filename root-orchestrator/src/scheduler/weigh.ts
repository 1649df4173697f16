import type { Candidate } from './candidate.ts';

/** Best first; equal ones by fewest instances, then by name, so that the same input gives the same order. */
export function byWeight(a: Candidate, b: Candidate): number {
  return weight(b) - weight(a) || a.instances - b.instances || (a.name < b.name ? -1 : 1);
}

/**
 * The free share of the scarcer resource (0 … 1), divided among the copies of the service that would be there:
 * a roomy cluster with one copy is worth as much as an empty one half its size.
 */
export function weight(candidate: Candidate): number {
  const { aggregate, pending } = candidate;
  const free = Math.min(
    share(aggregate.free_vcpus - pending.vcpus, aggregate.vcpus),
    share(aggregate.free_memory - pending.memory, aggregate.memory),
  );
  return free / (1 + candidate.sameService);
}

function share(free: number, total: number): number {
  return total > 0 ? Math.min(1, Math.max(0, free / total)) : 0;
}
