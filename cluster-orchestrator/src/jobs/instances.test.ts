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

describe('loading', () => {
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
