import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Capacity } from './capacity.ts';
import { schedule } from './schedule.ts';
import type { Demand, Offer, Presence } from './types.ts';

const needs = (demand: Partial<Demand> = {}): Demand => ({
  instance: 's/0',
  service: 's',
  vcpus: 1,
  memory: 100,
  vgpus: 0,
  ports: [],
  virtualization: 'docker',
  architectures: [],
  workers: null,
  overlay: true,
  ...demand,
});

type Given = Partial<Offer> & { presence?: Presence };

function capacityOf(...offers: Given[]): Capacity {
  const capacity = new Capacity();
  offers.forEach(({ presence = 'live', ...offer }, index) => {
    const id = `w${index}`;
    capacity.offer({
      id,
      hostname: `host${index}`,
      vcpus: 4,
      memory: 4000,
      vgpus: 0,
      architecture: 'amd64',
      virtualization: ['docker'],
      overlay: true,
      problems: [],
      ...offer,
    });
    capacity.setPresence(id, presence);
  });
  return capacity;
}

const QUALIFIED = 'NO_QUALIFIED_WORKER_FOUND';
const CAPACITY = 'NO_WORKER_CAPACITY';

describe('what is missing is named, with the best that there was', () => {
  const cases: [title: string, Given[], Partial<Demand>, status: string, detail: string][] = [
    ['no worker', [], {}, QUALIFIED, 'this cluster has no workers'],
    [
      'all workers away',
      [{ presence: 'away' }, { presence: 'away' }],
      {},
      QUALIFIED,
      'no worker of this cluster is live (registered: host0, host1)',
    ],
    [
      'runtime',
      [{ virtualization: ['unikernel'] }, {}],
      { virtualization: 'wasm' },
      QUALIFIED,
      'needs the runtime wasm; none of 2 workers has it (they have docker, unikernel)',
    ],
    [
      'architecture',
      [{}],
      { architectures: ['arm64', 'arm'] },
      QUALIFIED,
      'needs the architecture arm64 or arm; none of 1 worker has it (they have amd64)',
    ],
    [
      'overlay',
      [{ overlay: false }],
      {},
      QUALIFIED,
      'needs a service IP; none of 1 worker has a Net Manager',
    ],
    [
      'overlay, and the one worker says why',
      [{ overlay: false, problems: ['the kernel has no vxlan', 'nft is missing'] }],
      {},
      QUALIFIED,
      'needs a service IP; worker host0 has none: the kernel has no vxlan',
    ],
    [
      'overlay, and one of several says why',
      [{ overlay: false }, { overlay: false, problems: ['the kernel has no vxlan'] }],
      {},
      QUALIFIED,
      'needs a service IP; none of 2 workers has one (host1: the kernel has no vxlan)',
    ],
    [
      'direct constraint',
      [{}, {}],
      { workers: ['a', 'b'] },
      QUALIFIED,
      'its direct constraint allows a, b; none of 2 workers has such a host name (there are host0, host1)',
    ],
    [
      'cpu',
      [{ vcpus: 2.5 }, {}],
      { vcpus: 5 },
      CAPACITY,
      'needs 5 cores; the roomiest of 2 workers has 4 cores free',
    ],
    [
      'memory',
      [{ memory: 1200 }, { memory: 800 }],
      { memory: 4000 },
      CAPACITY,
      'needs 4000 MiB; the roomiest of 2 workers has 1200 MiB free',
    ],
    [
      'memory, where only one worker has the cores',
      [{ vcpus: 8, memory: 300 }, { memory: 9000 }],
      { vcpus: 6, memory: 4000 },
      CAPACITY,
      'needs 4000 MiB; the roomiest of 1 worker has 300 MiB free',
    ],
    ['gpu', [{}], { vgpus: 1 }, CAPACITY, 'needs 1 GPU; the roomiest of 1 worker has 0 GPUs free'],
  ];
  for (const [title, offers, demand, status, detail] of cases) {
    test(title, () => {
      const decision = schedule(capacityOf(...offers), needs(demand));
      assert.ok(decision.worker === null);
      assert.deepEqual([decision.status, decision.detail], [status, detail]);
    });
  }

  test('host port', () => {
    const capacity = capacityOf({}, {});
    capacity.reserve('w0', needs({ instance: 'a/0', ports: ['80/tcp', '81/tcp'] }));
    const one = schedule(capacity, needs({ ports: ['80/tcp'] }));
    assert.equal(one.worker, 'w1');
    capacity.reserve('w1', needs({ instance: 'a/1', ports: ['80/tcp'] }));
    const none = schedule(capacity, needs({ ports: ['80/tcp', '82/udp'] }));
    assert.ok(none.worker === null);
    assert.deepEqual(
      [none.status, none.detail],
      [CAPACITY, 'needs host port 80/tcp; it is taken on each of 2 workers'],
    );
    assert.ok(schedule(capacity, needs({ ports: ['80/udp'] })).worker);
  });

  test('a worker that takes its orders', () => {
    const capacity = capacityOf({}, {});
    for (const id of ['w0', 'w1']) capacity.setBacklog(id, 199);
    assert.ok(schedule(capacity, needs({})).worker);
    capacity.setBacklog('w0', 200);
    assert.equal(schedule(capacity, needs({})).worker, 'w1');
    capacity.setBacklog('w1', 200);
    const none = schedule(capacity, needs({}));
    assert.ok(none.worker === null);
    assert.deepEqual(
      [none.status, none.detail],
      [CAPACITY, 'needs a worker that takes orders; 200 wait for each of 2 workers'],
    );
  });

  test('addresses of the subnet', () => {
    const capacity = capacityOf({});
    for (let n = 0; n < 61; n++) capacity.reserve('w0', needs({ instance: `a/${n}`, vcpus: 0, memory: 0 }));
    const decision = schedule(capacity, needs({ vcpus: 0, memory: 0 }));
    assert.ok(decision.worker === null);
    assert.match(decision.detail, /all 61 of its subnet in use/);
  });
});

test('explain tells how many workers each filter left, up to the one that left none', () => {
  const offers: Given[] = [{}, { presence: 'away' }, { virtualization: [] }, { memory: 10 }];
  const decision = schedule(capacityOf(...offers), needs({ memory: 5000 }));
  assert.deepEqual(
    decision.explain.map(step => `${step.filter} ${step.left}`),
    [
      'live 3',
      'virtualization 2',
      'architecture 2',
      'overlay 2',
      'direct 2',
      'backlog 2',
      'vcpus 2',
      'memory 0',
    ],
  );
});

describe('choice', () => {
  const cases: [title: string, Given[], Partial<Demand>, worker: string][] = [
    [
      'most left over',
      [
        { memory: 1000, vcpus: 1 },
        { memory: 8000, vcpus: 8 },
      ],
      {},
      'w1',
    ],
    ['the scarcer resource counts', [{ memory: 300, vcpus: 64 }, {}], {}, 'w1'],
    ['one of the named hosts', [{}, {}, {}], { workers: ['host2'] }, 'w2'],
    ['a live one before a suspect one', [{ presence: 'suspect', memory: 9000 }, {}], {}, 'w1'],
    ['a suspect one when there is no other', [{ presence: 'suspect' }], {}, 'w0'],
    ['0 is no limit and fits a full worker', [{ memory: 0, vcpus: 0 }], { memory: 0, vcpus: 0 }, 'w0'],
    [
      'a worker of one of its architectures',
      [{}, { architecture: 'aarch64' }, { architecture: 'riscv64' }],
      { architectures: ['arm64', 'arm'] },
      'w1',
    ],
    ['equal workers by id', [{}, {}], {}, 'w0'],
  ];
  for (const [title, offers, demand, worker] of cases) {
    test(title, () => assert.equal(schedule(capacityOf(...offers), needs(demand)).worker, worker));
  }

  test('instances of one service are spread over the workers, even the smaller one', () => {
    const capacity = capacityOf({ memory: 40_000, vcpus: 40 }, {});
    const chosen = [0, 1, 2, 3].map(n => {
      const demand = needs({ instance: `s/${n}` });
      const { worker } = schedule(capacity, demand);
      capacity.reserve(worker ?? '', demand);
      return worker;
    });
    assert.deepEqual(chosen.sort(), ['w0', 'w0', 'w1', 'w1']);
  });

  test('the worker to avoid only when nobody else can', () => {
    assert.equal(schedule(capacityOf({}, {}), needs(), { avoid: 'w0' }).worker, 'w1');
    assert.equal(schedule(capacityOf({}), needs(), { avoid: 'w0' }).worker, 'w0');
  });

  test('the preferred worker if it fits', () => {
    assert.equal(schedule(capacityOf({}, {}), needs(), { prefer: 'w1' }).worker, 'w1');
    assert.equal(schedule(capacityOf({}, { memory: 1 }), needs(), { prefer: 'w1' }).worker, 'w0');
  });
});

describe('reservations', () => {
  test('three of 70 % are never two on one worker', () => {
    const capacity = capacityOf({}, {});
    const chosen = [0, 1, 2].map(n => {
      const demand = needs({ instance: `s/${n}`, memory: 2800 });
      const { worker } = schedule(capacity, demand);
      if (worker) capacity.reserve(worker, demand);
      return worker;
    });
    assert.deepEqual(chosen, ['w0', 'w1', null]);
  });

  test('a release gives everything back, once', () => {
    const capacity = capacityOf({});
    const demand = needs({ ports: ['80/tcp'], vgpus: 1 });
    capacity.reserve('w0', demand);
    capacity.reserve('w0', demand);
    assert.deepEqual(capacity.get('w0')?.reserved, { vcpus: 1, memory: 100, vgpus: 1 });
    assert.equal(capacity.release('s/0'), true);
    assert.equal(capacity.release('s/0'), false);
    const seat = capacity.get('w0');
    assert.deepEqual(seat?.reserved, { vcpus: 0, memory: 0, vgpus: 0 });
    assert.deepEqual([seat?.ports.size, seat?.services.size, seat?.instances.size], [0, 0, 0]);
  });

  test('an instance that moves is reserved at its new worker alone', () => {
    const capacity = capacityOf({}, {});
    capacity.reserve('w0', needs({ ports: ['80/tcp'] }));
    capacity.reserve('w1', needs({ ports: ['80/tcp'] }));
    assert.deepEqual([capacity.get('w0')?.reserved.memory, capacity.get('w1')?.reserved.memory], [0, 100]);
    assert.equal(capacity.get('w0')?.ports.size, 0);
  });

  test('a worker that offers something else keeps its reservations; one that is forgotten has none', () => {
    const capacity = capacityOf({});
    capacity.reserve('w0', needs());
    capacity.offer({ ...(capacity.get('w0')?.offer as Offer), memory: 150 });
    const decision = schedule(capacity, needs({ instance: 's/1' }));
    assert.ok(decision.worker === null);
    assert.equal(decision.detail, 'needs 100 MiB; the roomiest of 1 worker has 50 MiB free');
    capacity.forget('w0');
    assert.equal(capacity.release('s/0'), false);
  });
});
