/** Filters in the order in which they are asked. Each can say in words what it looked for. */
import { architectureOf } from '@hedgerow/protos';
import { type Candidate, type Demand, nodesOf, runtimeOf } from './candidate.ts';

export interface Filter {
  readonly name: 'named' | 'connected' | 'virtualization' | 'architecture' | 'worker' | 'capacity';
  /** Continues "of 5 clusters, 2 …". */
  phrase(demand: Demand): string;
  accepts(candidate: Candidate, demand: Demand): boolean;
}

const named: Filter = {
  name: 'named',
  phrase: demand => `are named by the constraint (${targetsOf(demand).join(', ')})`,
  accepts: (candidate, demand) => demand.constraints.some(c => c.cluster === candidate.name),
};

const connected: Filter = {
  name: 'connected',
  phrase: () => 'are connected',
  accepts: candidate => candidate.connected,
};

const virtualization: Filter = {
  name: 'virtualization',
  phrase: demand => `run ${demand.virtualization}`,
  accepts: (candidate, demand) =>
    candidate.aggregate.virtualization.map(runtimeOf).includes(runtimeOf(demand.virtualization)),
};

const architecture: Filter = {
  name: 'architecture',
  phrase: ({ arch }) => `have workers of architecture ${arch.join(' or ')}`,
  // A cluster that does not say what it has may have it; it is asked and looks at its workers.
  accepts: ({ aggregate }, { arch }) =>
    aggregate.architecture.length === 0 ||
    aggregate.architecture.map(architectureOf).some(offered => arch.includes(offered)),
};

const worker: Filter = {
  name: 'worker',
  phrase: demand => `have one of the workers ${wantedWorkers(demand).join(', ')}`,
  accepts(candidate, { constraints }) {
    const mine = constraints.filter(c => c.cluster === '' || c.cluster === candidate.name);
    if (mine.length === 0) return true;
    return mine.some(c => hasWorker(candidate, nodesOf(c)));
  },
};

const capacity: Filter = {
  name: 'capacity',
  phrase: demand => `have a worker with ${amountsOf(demand)} free`,
  accepts({ aggregate }, demand) {
    return (
      aggregate.active_nodes > 0 &&
      demand.vcpus <= aggregate.largest_free_vcpus &&
      demand.memory <= aggregate.largest_free_memory &&
      demand.vgpus <= aggregate.vgpus
    );
  },
};

/** Only those that the demand gives a reason for, so that an explanation holds no empty step. */
export function filtersFor(demand: Demand): readonly Filter[] {
  return [
    ...(namesClusters(demand) ? [named] : []),
    connected,
    virtualization,
    ...(demand.arch.length > 0 ? [architecture] : []),
    ...(wantedWorkers(demand).length > 0 ? [worker] : []),
    capacity,
  ];
}

/** Does every alternative of the constraints name a cluster? */
export function namesClusters(demand: Demand): boolean {
  return demand.constraints.length > 0 && demand.constraints.every(c => c.cluster !== '');
}

function targetsOf(demand: Demand): string[] {
  return [...new Set(demand.constraints.map(c => c.cluster))];
}

function wantedWorkers(demand: Demand): string[] {
  return [...new Set(demand.constraints.flatMap(nodesOf))];
}

function hasWorker(candidate: Candidate, nodes: string[]): boolean {
  return nodes.length === 0 || nodes.some(node => candidate.aggregate.workers.includes(node));
}

function amountsOf(demand: Demand): string {
  const parts = [
    ...(demand.vcpus > 0 ? [`${demand.vcpus} vcpus`] : []),
    ...(demand.memory > 0 ? [`${demand.memory} MiB`] : []),
    ...(demand.vgpus > 0 ? [`${demand.vgpus} vgpus`] : []),
  ];
  return parts.length === 0 ? 'anything' : parts.join(' and ');
}
