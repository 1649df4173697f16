import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { type Collection, HedgerowError, openSqlite, STORE_ERRORS, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { StoredInstance } from '../model.ts';
import { makeInstance } from '../testing/makers.ts';
import { Instances } from './instances.ts';

const ID = makeInstance().id;
let clock: ManualClock;
let collection: Collection<StoredInstance>;
let failing: boolean;
let instances: Instances;

beforeEach(() => {
  clock = manualClock();
  failing = false;
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  const real = store.collection<StoredInstance>('instances', []);
  const full = () => Promise.reject(new HedgerowError(STORE_ERRORS.STORE_FULL, 'the disk is full'));
  collection = {
    get: id => real.get(id),
    find: (filter, page) => real.find(filter, page),
    insert: document => (failing ? full() : real.insert(document)),
    replace: (document, revision) => (failing ? full() : real.replace(document, revision)),
    remove: (id, revision) => (failing ? full() : real.remove(id, revision)),
    watch: watcher => real.watch(watcher),
  };
  instances = new Instances({ collection, clock, log: silentLogger });
});

const onDisk = async () => (await collection.get(ID))?.status;

test('a placement is on disk when it is acknowledged', async () => {
  await instances.save(makeInstance({ status: 'NODE_SCHEDULED' }));
  assert.equal(await onDisk(), 'NODE_SCHEDULED');
});

test('a placement that cannot be stored never was', async () => {
  const seen: (string | undefined)[] = [];
  instances.onChange((before, after) => seen.push(`${before?.status} > ${after?.status}`));
  failing = true;
  await assert.rejects(instances.save(makeInstance()), { code: 'STORE_FULL' });
  assert.deepEqual([instances.get(ID), instances.onWorker('w1')], [undefined, []]);
  assert.deepEqual(seen, ['undefined > RUNNING', 'RUNNING > undefined']);
});

test('statuses are written behind, the latest only', async () => {
  await instances.save(makeInstance({ status: 'NODE_SCHEDULED' }));
  instances.set(makeInstance({ status: 'CREATING' }));
  instances.set(makeInstance({ status: 'RUNNING' }));
  assert.equal(await onDisk(), 'NODE_SCHEDULED');
  clock.advance(250);
  await instances.flush();
  assert.equal(await onDisk(), 'RUNNING');
  assert.equal((await collection.get(ID))?.revision, 2);
});

test('a status that cannot be written is written when the store is back', async () => {
  await instances.save(makeInstance({ status: 'NODE_SCHEDULED' }));
  failing = true;
  instances.set(makeInstance({ status: 'RUNNING' }));
  await instances.flush();
  assert.equal(await onDisk(), 'NODE_SCHEDULED');
  failing = false;
  await instances.flush();
  assert.equal(await onDisk(), 'RUNNING');
});

test('usage is not written', async () => {
  await instances.save(makeInstance());
  instances.observe(makeInstance({ cpu_percent: '5' }));
  await instances.flush();
  assert.deepEqual([instances.get(ID)?.cpu_percent, (await collection.get(ID))?.cpu_percent], ['5', '']);
});

const move = (at: number) =>
  ({ at, tier: 'cluster', status: 'RUNNING', detail: '', worker_id: 'w1' }) as const;

describe('moves that the root has been told', () => {
  const revision = async () => (await collection.get(ID))?.revision;

  test('are dropped without a word to anybody and without a write of their own', async () => {
    const [first, second] = [move(1), move(2)];
    await instances.save(makeInstance({ moves: [first] }));
    instances.set(makeInstance({ moves: [first, second] }));
    let heard = 0;
    instances.onChange(() => {
      heard += 1;
    });
    instances.told(ID, [first]);
    instances.told(ID, [first]);
    assert.deepEqual([instances.get(ID)?.moves, heard], [[second], 0]);
    clock.advance(250);
    await instances.flush();
    instances.told(ID, [second]);
    clock.advance(1000);
    await instances.flush();
    assert.deepEqual([await revision(), (await collection.get(ID))?.moves], [2, [second]]);
  });

  test('and told while they are being stored, they keep nothing that has to be undone', async () => {
    await instances.save(makeInstance({ epoch: 1 }));
    failing = true;
    const moves = [move(1)];
    const saved = instances.save(makeInstance({ epoch: 2, moves }));
    instances.told(ID, moves);
    instances.observe(makeInstance({ epoch: 2, cpu_percent: '5' }));
    await assert.rejects(saved);
    assert.equal(instances.get(ID)?.epoch, 1);
  });
});

test('what is kept stays in memory when it cannot be written, and is written when it can', async () => {
  await instances.save(makeInstance());
  failing = true;
  await instances.keep(makeInstance({ desired: 'gone' }));
  assert.deepEqual([instances.get(ID)?.desired, (await collection.get(ID))?.desired], ['gone', 'run']);
  assert.equal(instances.disk.trouble('site1'), 'the disk of cluster site1 is full');
  failing = false;
  clock.advance(5000);
  await instances.flush();
  assert.equal((await collection.get(ID))?.desired, 'gone');
  assert.equal(instances.disk.trouble('site1'), null);
});

test('what an operator removed is remembered, and nowhere in the way', async () => {
  const withdrawn = { withdrawn: true, status: 'UNDEPLOYED', desired: 'gone', worker_id: '' } as const;
  await instances.save(makeInstance(withdrawn));
  assert.equal(instances.all().length, 1);
  const { application_id } = makeInstance().service;
  const elsewhere = [instances.onWorker(''), instances.ofApplication(application_id), instances.waiting()];
  assert.deepEqual(elsewhere, [[], [], []]);
});

describe('loading', () => {
  test('takes documents of earlier versions', async () => {
    const { moves: _, withdrawn: __, former: ___, ...earlier } = makeInstance();
    await collection.insert(earlier as StoredInstance);
    await instances.load();
    assert.deepEqual(instances.get(ID), makeInstance());
  });

  test('brings everything back but what was forgotten', async () => {
    await instances.save(makeInstance());
    await instances.save(
      makeInstance({ id: 'x/1', instance_number: 1, worker_id: '', status: 'NO_WORKER_CAPACITY' }),
    );
    await instances.save(makeInstance({ id: 'x/2' }));
    instances.forget('x/2');
    await instances.flush();
    const again = new Instances({ collection, clock, log: silentLogger });
    await again.load();
    assert.deepEqual(again.get(ID), makeInstance());
    assert.deepEqual(
      [again.onWorker('w1').length, again.waiting().map(i => i.id), again.all().length],
      [1, ['x/1'], 2],
    );
  });
});
