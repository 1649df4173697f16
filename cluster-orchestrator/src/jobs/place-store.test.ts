/** A Place and the store that takes its time. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { type Collection, HedgerowError, openSqlite, STORE_ERRORS, silentLogger } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import type { StoredInstance } from '../model.ts';
import { Capacity } from '../scheduler/capacity.ts';
import { makePlace, makeWorker } from '../testing/makers.ts';
import type { Jobs } from './context.ts';
import { Instances } from './instances.ts';
import { Orders } from './orders.ts';
import { place } from './place.ts';
import { Refusals } from './refusals.ts';

/** the next insert waits for it */
let disk: PromiseWithResolvers<void>;
let jobs: Jobs;

function slow(collection: Collection<StoredInstance>): Collection<StoredInstance> {
  return {
    get: id => collection.get(id),
    find: (filter, page) => collection.find(filter, page),
    insert: async document => {
      await disk.promise;
      return collection.insert(document);
    },
    replace: (document, revision) => collection.replace(document, revision),
    remove: (id, revision) => collection.remove(id, revision),
    watch: watcher => collection.watch(watcher),
  };
}

beforeEach(() => {
  disk = Promise.withResolvers<void>();
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  const collection = slow(store.collection<StoredInstance>('instances', []));
  const clock = manualClock();
  const capacity = new Capacity();
  capacity.offer(makeWorker());
  capacity.setPresence(makeWorker().id, 'live');
  const instances = new Instances({ collection, clock, log: silentLogger });
  const refusals = new Refusals();
  const parts: Partial<Jobs> = {
    clusterName: 'site1',
    clock,
    log: silentLogger,
    instances,
    refusals,
    orders: new Orders(() => {}),
    workers: { nameOf: id => id } as Jobs['workers'],
    capacity,
  };
  jobs = parts as Jobs;
});

describe('a Place that comes again while the first is being stored', () => {
  test('is answered when the first is on disk', async () => {
    const answered: string[] = [];
    const first = place(jobs, makePlace()).then(() => answered.push('first'));
    const again = place(jobs, makePlace()).then(() => answered.push('again'));
    await new Promise(setImmediate);
    assert.deepEqual(answered, []);
    disk.resolve();
    await Promise.all([first, again]);
    assert.deepEqual(answered.sort(), ['again', 'first']);
  });

  test('is no promise when the first could not be stored', async () => {
    const first = place(jobs, makePlace());
    await new Promise(setImmediate);
    const again = place(jobs, makePlace());
    const failed = disk;
    disk = Promise.withResolvers<void>();
    failed.reject(new HedgerowError(STORE_ERRORS.STORE_FULL, 'the disk is full'));
    disk.resolve();
    assert.equal((await first).answer?.accepted, false);
    const { answer, placed } = await again;
    assert.deepEqual([answer?.accepted, placed?.epoch], [true, 1]);
    assert.equal(jobs.instances.all().length, 1);
  });
});
