import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite, type Store, silentLogger } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import { stateOver } from './state.ts';
import { turn } from './testing/wait.ts';

const clock = manualClock();
const deps = { clock, log: silentLogger };

/** The store, whose disk is full as long as `full` says. */
function filling(real: Store, full: () => boolean): Store {
  const guard = <R>(write: () => Promise<R>) => (full() ? Promise.reject(new Error('full')) : write());
  return {
    ...real,
    collection(name, indices) {
      const collection = real.collection(name, indices);
      return {
        ...collection,
        get: id => collection.get(id),
        find: (filter, page) => collection.find(filter, page),
        watch: watcher => collection.watch(watcher),
        remove: (id, expected) => guard(() => collection.remove(id, expected)),
        insert: document => guard(() => collection.insert(document)),
        replace: (document, revision) => guard(() => collection.replace(document, revision)),
      };
    },
  } as Store;
}

test('who this cluster is is stored by the next Welcome when the disk was full at this one', async () => {
  let full = true;
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  const state = stateOver(
    filling(store, () => full),
    deps,
  );
  await state.load();
  await assert.rejects(state.welcomed('c', 7), /full/);
  assert.deepEqual([state.clusterId(), state.rootEpoch()], ['c', 7]);
  full = false;
  await state.welcomed('c', 7);
  const again = stateOver(store, deps);
  await again.load();
  assert.deepEqual([again.clusterId(), again.rootEpoch()], ['c', 7]);
});

test('what the root told while the disk was full is stored when it is not, untold', async () => {
  let full = true;
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  const state = stateOver(
    filling(store, () => full),
    deps,
  );
  await state.load();
  const entry = { application_id: 'a', service_ip: '10.30.0.1', instances: [], removed: false };
  for (const job_name of ['one', 'two']) state.remote.set({ job_name, ...entry });
  await turn();
  clock.advance(5000);
  await turn();
  full = false;
  clock.advance(5000);
  await turn();
  const again = stateOver(store, deps);
  await again.load();
  assert.deepEqual([...again.remote.all()].map(({ job_name }) => job_name).sort(), ['one', 'two']);
});
