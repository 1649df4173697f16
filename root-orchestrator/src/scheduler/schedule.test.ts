import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Aggregate } from '@hedgerow/protos';
import type { Candidate, Demand } from './candidate.ts';
import { type NoTarget, schedule } from './schedule.ts';

type Overrides = Partial<Omit<Candidate, 'aggregate'>> & { aggregate?: Partial<Aggregate> };

/** A cluster with two workers of 8 vcpus and 8 GiB, all of it free. */
function cluster(name: string, { aggregate, ...fields }: Overrides = {}): Candidate {
  return {
    id: name,
    name,
    connected: true,
    pending: { vcpus: 0, memory: 0 },
    sameService: 0,
    instances: 0,
    ...fields,
    aggregate: {
      active_nodes: 2,
      cpu_percent: 0,
      memory_percent: 0,
      vcpus: 16,
      memory: 16384,
      free_vcpus: 16,
      free_memory: 16384,
      largest_free_vcpus: 8,
      largest_free_memory: 8192,
      vgpus: 0,
      virtualization: ['container'],
      architecture: ['amd64'],
      workers: [`${name}w1`, `${name}w2`],
      ...aggregate,
    },
  };
}

const small: Demand = {
  virtualization: 'container',
  vcpus: 1,
  memory: 100,
  vgpus: 0,
  constraints: [],
  arch: [],
};
const direct = (cluster: string, node = '') => ({ type: 'direct', cluster, node });

interface Row {
  name: string;
  clusters: Candidate[];
  demand?: Partial<Demand>;
  /** names, best first, or the result when there is none */
  gives: string[] | NoTarget;
  /** part of the sentence */
  says?: RegExp;
}

const TABLE: Row[] = [
  { name: 'one that fits', clusters: [cluster('a')], gives: ['a'] },
  {
    name: 'no cluster at all',
    clusters: [],
    gives: 'NoActiveClusterWithCapacity',
    says: /^of 0 known clusters, 0 are connected$/,
  },
  {
    name: 'any of the architectures that the image runs on; who names none may have it',
    clusters: [
      cluster('a'),
      cluster('b', { aggregate: { architecture: ['aarch64', 'riscv64'] } }),
      cluster('c', { aggregate: { architecture: [] } }),
    ],
    demand: { arch: ['arm64', 'arm'] },
    gives: ['b', 'c'],
  },
  {
    name: 'no worker of the architecture anywhere',
    clusters: [cluster('a')],
    demand: { arch: ['arm64'] },
    gives: 'NoActiveClusterWithCapacity',
    says: /1 run container, 0 have workers of architecture arm64$/,
  },
  {
    name: 'none connected',
    clusters: [cluster('a', { connected: false })],
    gives: 'NoActiveClusterWithCapacity',
    says: /^of 1 known cluster, 0 are connected$/,
  },
  {
    name: 'another runtime',
    clusters: [cluster('a', { aggregate: { virtualization: ['unikernel'] } })],
    gives: 'NoActiveClusterWithCapacity',
    says: /1 are connected, 0 run container$/,
  },
  {
    name: 'docker and container are one runtime',
    clusters: [cluster('a', { aggregate: { virtualization: ['docker'] } }), cluster('b')],
    demand: { virtualization: 'docker' },
    gives: ['a', 'b'],
  },
  {
    name: 'the sum is not what counts but the roomiest worker',
    clusters: [cluster('a')],
    demand: { vcpus: 9 },
    gives: 'NoActiveClusterWithCapacity',
    says: /0 have a worker with 9 vcpus and 100 MiB free; at most 8 vcpus and 8192 MiB are free on one worker$/,
  },
  {
    name: 'exactly what is free',
    clusters: [cluster('a')],
    demand: { vcpus: 8, memory: 8192 },
    gives: ['a'],
  },
  {
    name: 'one MiB too much',
    clusters: [cluster('a')],
    demand: { memory: 8193 },
    gives: 'NoActiveClusterWithCapacity',
  },
  {
    name: 'nothing demanded still needs a live worker',
    clusters: [cluster('a', { aggregate: { active_nodes: 0 } })],
    demand: { vcpus: 0, memory: 0 },
    gives: 'NoActiveClusterWithCapacity',
    says: /0 have a worker with anything free; they have no live worker$/,
  },
  {
    name: 'no GPU',
    clusters: [cluster('a')],
    demand: { vgpus: 1 },
    gives: 'NoActiveClusterWithCapacity',
    says: /1 vgpus/,
  },
  {
    name: 'only the named one',
    clusters: [cluster('a'), cluster('b')],
    demand: { constraints: [direct('b')] },
    gives: ['b'],
  },
  {
    name: 'a name that nobody has',
    clusters: [cluster('a')],
    demand: { constraints: [direct('x')] },
    gives: 'TargetClusterNotFound',
    says: /^of 1 known cluster, 0 are named by the constraint \(x\)$/,
  },
  {
    name: 'the named one is away',
    clusters: [cluster('a'), cluster('b', { connected: false })],
    demand: { constraints: [direct('b')] },
    gives: 'TargetClusterNotActive',
  },
  {
    name: 'the named one is full',
    clusters: [cluster('a'), cluster('b', { aggregate: { largest_free_vcpus: 0 } })],
    demand: { constraints: [direct('b')] },
    gives: 'TargetClusterNoCapacity',
  },
  {
    name: 'the named worker is not there',
    clusters: [cluster('a')],
    demand: { constraints: [direct('a', 'aw9')] },
    gives: 'TargetClusterNoCapacity',
    says: /0 have one of the workers aw9$/,
  },
  {
    name: 'one of the named workers is there',
    clusters: [cluster('a')],
    demand: { constraints: [direct('a', 'aw9; aw2')] },
    gives: ['a'],
  },
  {
    name: 'a worker without a cluster is looked for everywhere',
    clusters: [cluster('a'), cluster('b')],
    demand: { constraints: [direct('', 'bw1')] },
    gives: ['b'],
  },
  {
    name: 'several constraints are alternatives',
    clusters: [cluster('a'), cluster('b'), cluster('c')],
    demand: { constraints: [direct('a', 'aw1'), direct('c')] },
    gives: ['a', 'c'],
  },
  {
    name: 'the worker of one alternative is not asked of another',
    clusters: [cluster('a'), cluster('c')],
    demand: { constraints: [direct('a', 'cw1'), direct('c', 'aw1')] },
    gives: 'TargetClusterNoCapacity',
  },
  {
    name: 'most free share first, whatever the size',
    clusters: [
      cluster('big', { aggregate: { vcpus: 160, free_vcpus: 40 } }),
      cluster('small', { aggregate: { free_vcpus: 8 } }),
    ],
    gives: ['small', 'big'],
  },
  {
    name: 'the scarcer resource counts',
    clusters: [
      cluster('a', { aggregate: { free_memory: 1000 } }),
      cluster('b', { aggregate: { free_vcpus: 8 } }),
    ],
    gives: ['b', 'a'],
  },
  {
    name: 'copies of a service spread',
    clusters: [cluster('a', { sameService: 1 }), cluster('b', { aggregate: { free_vcpus: 9 } })],
    gives: ['b', 'a'],
  },
  {
    name: 'but not onto a nearly full cluster',
    clusters: [cluster('a', { sameService: 1 }), cluster('b', { aggregate: { free_vcpus: 2 } })],
    gives: ['a', 'b'],
  },
  {
    name: 'what was asked for since the aggregate counts as taken',
    clusters: [cluster('a', { pending: { vcpus: 4, memory: 0 } }), cluster('b')],
    gives: ['b', 'a'],
  },
  {
    name: 'equal ones by fewest instances, then by name',
    clusters: [cluster('c'), cluster('b'), cluster('a', { instances: 3 })],
    gives: ['b', 'c', 'a'],
  },
];

describe('a cluster is chosen', () => {
  for (const { name, clusters, demand, gives, says } of TABLE)
    test(name, () => {
      const before = structuredClone(clusters);
      const decision = schedule(clusters, { ...small, ...demand });
      assert.deepEqual(clusters, before, 'the input was changed');
      if ('clusters' in decision) {
        assert.deepEqual(
          decision.clusters.map(c => c.name),
          gives,
        );
      } else {
        assert.equal(decision.status, gives);
        assert.match(decision.detail, says ?? /^of \d+ known clusters?, /);
      }
    });
});

test('the explanation counts what each filter left', () => {
  const clusters = [
    cluster('a'),
    cluster('b', { connected: false }),
    cluster('c', { aggregate: { memory: 1 } }),
  ];
  const { explanation } = schedule(clusters, { ...small, constraints: [direct('a'), direct('b')] });
  assert.deepEqual(
    explanation.map(({ filter, left }) => [filter, left]),
    [
      ['named', 2],
      ['connected', 1],
      ['virtualization', 1],
      ['capacity', 1],
    ],
  );
});
