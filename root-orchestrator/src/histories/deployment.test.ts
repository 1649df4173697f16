import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coordinated } from '../clusters/testing/coordinated.ts';
import { report } from '../clusters/testing/link-client.ts';
import type { Collections } from '../collections.ts';

/** Counts what is written to one collection. */
function countWrites(collections: Collections, count: () => void): Collections {
  const { histories } = collections;
  return {
    ...collections,
    histories: {
      get: id => histories.get(id),
      find: (...given) => histories.find(...given),
      insert(document) {
        count();
        return histories.insert(document);
      },
      replace(...given) {
        count();
        return histories.replace(...given);
      },
      remove: (...given) => histories.remove(...given),
      watch: watcher => histories.watch(watcher),
    },
  };
}

test('a deployment costs two writes at most, none of them on its way; another root tells it as well', async t => {
  let writes = 0;
  const root = await coordinated({
    wrap: collections =>
      countWrites(collections, () => {
        writes += 1;
      }),
  });
  t.after(() => root.stop());
  const cluster = await root.cluster('c');
  const [service] = await root.application('app', 'web');
  const id = await root.instance(service);
  const place = await cluster.next('place');
  cluster.accept(place);
  await root.becomesStatus(id, 'NODE_SCHEDULED');
  root.clock.advance(500);
  for (const status of ['CREATING', 'CREATED', 'RUNNING']) {
    cluster.report(report(place, { status, status_detail: 'as asked' }));
    await root.becomesStatus(id, status);
  }
  root.clock.advance(500);
  await cluster.settled();
  const statuses = (await root.coordination.histories.of(id)).map(({ status }) => status);
  const wanted = ['REQUESTED', 'CLUSTER_SCHEDULED', 'NODE_SCHEDULED', 'CREATING', 'CREATED', 'RUNNING'];
  assert.deepEqual(statuses, wanted);
  assert.equal(writes, 2);

  const other = await coordinated({ store: root.store });
  t.after(() => other.stop());
  assert.deepEqual(
    (await other.coordination.histories.of(id)).map(({ status }) => status),
    wanted,
  );
});
