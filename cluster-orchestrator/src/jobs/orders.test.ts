/** Placements that cannot be handed on. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { openSqlite, silentLogger } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import type { StoredInstance } from '../model.ts';
import { Capacity } from '../scheduler/capacity.ts';
import { makePlace, makeWorker } from '../testing/makers.ts';
import type { Jobs } from './context.ts';
import { deploy } from './deploy.ts';
import { Instances } from './instances.ts';
import { Orders } from './orders.ts';
import { type Placing, place } from './place.ts';
import { Refusals } from './refusals.ts';
import { Strays } from './strays.ts';

const SLOW = 'aaaaaaaaaaaaaaaaaaaaaaa1';
const QUICK = 'aaaaaaaaaaaaaaaaaaaaaaa2';
const MOST_OF_ONE = 200;
let jobs: Jobs;
/** what the slow worker's orders wait for */
let reads: PromiseWithResolvers<void>;
let number: number;

beforeEach(() => setUp(5000));

function setUp(most: number): void {
  reads = Promise.withResolvers<void>();
  number = 0;
  const clock = manualClock();
  const capacity = new Capacity();
  for (const [id, hostname] of [
    [SLOW, 'slow'],
    [QUICK, 'quick'],
  ] as const) {
    capacity.offer(makeWorker({ id, hostname, vcpus: 10_000, memory: 1e7 }));
    capacity.setPresence(id, 'live');
  }
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  const collection = store.collection<StoredInstance>('instances', []);
  const parts: Partial<Jobs> = {
    clusterName: 'site1',
    clock,
    log: silentLogger,
    instances: new Instances({ collection, clock, log: silentLogger }),
    refusals: new Refusals(),
    strays: new Strays(clock),
    orders: new Orders((id, waiting) => capacity.setBacklog(id, waiting), most),
    capacity,
    workers: { nameOf: id => id } as Jobs['workers'],
    downlink: {
      send: (id: string) => (id === SLOW ? reads.promise.then(() => true) : Promise.resolve(true)),
    } as unknown as Jobs['downlink'],
    tables: { prepare: async () => {} } as unknown as Jobs['tables'],
  };
  jobs = parts as Jobs;
}

/** As the root would: an answer, and the order on its way. */
async function placeOne(): Promise<Placing> {
  const placing = await place(jobs, makePlace({ service_ip: '' }, { instance_number: number++ }));
  if (placing.placed) void deploy(jobs, placing.placed);
  return placing;
}

test('a worker that does not read is passed over; the others go on', async () => {
  const workers: string[] = [];
  for (let n = 0; n < 3 * MOST_OF_ONE; n++) workers.push((await placeOne()).answer?.worker_id ?? '');
  assert.equal(workers.filter(id => id === SLOW).length, MOST_OF_ONE);
  assert.equal(workers.filter(id => id === QUICK).length, 2 * MOST_OF_ONE);
  reads.resolve();
  await new Promise(setImmediate);
  assert.equal(jobs.orders.underWay, 0);
  assert.equal((await placeOne()).answer?.worker_id ?? '', SLOW);
});

test('when none reads, the sentence says so', async () => {
  jobs.capacity.setPresence(QUICK, 'away');
  for (let n = 0; n < MOST_OF_ONE; n++) await placeOne();
  const { answer } = await placeOne();
  assert.deepEqual(
    [answer?.accepted, answer?.status, answer?.status_detail],
    [false, 'NO_WORKER_CAPACITY', 'needs a worker that takes orders; 200 wait for slow'],
  );
});

test('so many placements are under way at a time; a further one is refused and holds nothing', async () => {
  setUp(3);
  const all = await Promise.all([placeOne(), placeOne(), placeOne()]);
  assert.deepEqual(
    all.map(({ answer }) => answer?.accepted),
    [true, true, false],
  );
  assert.equal(
    all[2]?.answer?.status_detail,
    'cluster site1 has 3 placements under way, which is all that it takes at a time',
  );
  assert.equal(jobs.instances.all().length, 2);
});
