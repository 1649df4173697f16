import type { Aggregate } from '@hedgerow/protos';

/** Of a cluster that has not sent one yet: nothing fits on it. */
export function noAggregate(): Aggregate {
  return {
    active_nodes: 0,
    cpu_percent: 0,
    memory_percent: 0,
    vcpus: 0,
    memory: 0,
    free_vcpus: 0,
    free_memory: 0,
    largest_free_vcpus: 0,
    largest_free_memory: 0,
    vgpus: 0,
    virtualization: [],
    architecture: [],
    workers: [],
  };
}

/** May something fit now that did not fit before? */
export function grew(before: Aggregate, after: Aggregate): boolean {
  const amounts = [
    'active_nodes',
    'free_vcpus',
    'free_memory',
    'largest_free_vcpus',
    'largest_free_memory',
    'vgpus',
  ] as const;
  const words = ['virtualization', 'architecture', 'workers'] as const;
  return (
    amounts.some(key => after[key] > before[key]) ||
    words.some(key => after[key].some(word => !before[key].includes(word)))
  );
}
