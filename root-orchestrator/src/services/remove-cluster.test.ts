import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorOf, openSqlite, silentLogger } from '@hedgerow/common';
import { noAggregate } from '../clusters/aggregate.ts';
import { openCollections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { Cluster, Instance } from '../model.ts';
import { AddressBook } from '../network/addresses.ts';
import { removeCluster } from './remove-cluster.ts';

function given() {
  const collections = openCollections(openSqlite({ file: ':memory:', durability: 'normal' }));
  const parts = { collections, addresses: new AddressBook(collections.claims), log: silentLogger };
  const away = { connected_epoch: -1, aggregate: noAggregate(), last_modified_timestamp: 0 };
  const cluster = { id: 'c', name: 'site1', location: '', address: '', port: 0, ...away };
  const claim = { id: 'subnet/10.19.0.0', owner: 'worker/c/w' };
  return { parts, collections, cluster, claim };
}

const left = async ({ collections }: Pick<ReturnType<typeof given>, 'collections'>) => [
  (await collections.clusters.find()).length,
  (await collections.claims.find()).length,
];

test('one that comes back at that moment stays, and its workers keep their subnets', async () => {
  const { parts, collections, cluster, claim } = given();
  const stored: Cluster = await collections.clusters.insert(cluster);
  await collections.claims.insert(claim);
  const back = { ...stored, connected_epoch: 7 };
  const late = {
    isConnected() {
      void collections.clusters.replace(back, stored.revision);
      return false;
    },
  };
  const isInUse = (error: unknown) => isErrorOf(error, ERRORS.CLUSTER_IN_USE);
  await assert.rejects(removeCluster(parts, late, 'c', ''), isInUse);
  const told = { isConnected: (_: string, now?: { connected_epoch: number }) => now?.connected_epoch === 7 };
  await assert.rejects(removeCluster(parts, told, 'c', ''), isInUse, 'as the document just read says');
  assert.deepEqual(await left({ collections }), [1, 1]);
});

test('what another lost cluster may still have a copy of keeps its document and its address', async () => {
  const { parts, collections, cluster } = given();
  await collections.clusters.insert(cluster);
  const gone = { service_id: 's', desired: 'gone', cluster_id: 'c' } as Instance;
  const copies = { 's/0': undefined, 's/1': ['d'] };
  for (const [n, [id, left]] of Object.entries(copies).entries()) {
    await collections.instances.insert({ ...gone, id, instance_number: n, ...(left ? { left } : {}) });
    await collections.claims.insert({ id: `address/10.30.0.${n + 5}`, owner: `instance/${id}` });
  }
  await removeCluster(parts, { isConnected: () => false }, 'c', '');
  assert.deepEqual(
    (await collections.instances.find()).map(({ id }) => id),
    ['s/1'],
  );
  assert.deepEqual(
    (await collections.claims.find()).map(({ owner }) => owner),
    ['instance/s/1'],
  );
});
