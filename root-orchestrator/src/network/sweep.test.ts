import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Collection, openSqlite, silentLogger } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import { altered } from '../clusters/testing/altered.ts';
import { type Collections, openCollections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { Claim, Cluster, Instance } from '../model.ts';
import { leakedClaims, leakedHistories, leakedInstances } from './leaks.ts';
import { Pool } from './pool.ts';
import { Sweep } from './sweep.ts';

const clock = manualClock();
const sweep = (collections: Collections, patience = 0) =>
  new Sweep({ finders: [() => leakedClaims(collections)], patience, clock, log: silentLogger });

test('claims without an owner are freed, those of workers stay as long as their cluster', async () => {
  const collections = openCollections(openSqlite({ file: ':memory:', durability: 'normal' }));
  const application = {
    application_name: 'a',
    application_namespace: 'n',
    application_desc: '',
    organization_id: '',
    owner: 'ada',
  };
  await collections.applications.insert({ id: 'here', ...application, extra: {} });
  await collections.clusters.insert({ id: 'c', name: 'site1' } as Cluster);
  for (const owner of [
    'application/here',
    'application/lost',
    'service/lost',
    'instance/lost/3',
    'worker/c/w',
    'worker/lost/w',
  ])
    await collections.claims.insert({ id: `x/${owner}`, owner });
  assert.equal(await sweep(collections).run(), 4);
  const left = (await collections.claims.find()).map(claim => claim.owner);
  assert.deepEqual(left, ['application/here', 'worker/c/w']);
});

test('a look-up that fails frees nothing', async () => {
  const opened = openCollections(openSqlite({ file: ':memory:', durability: 'normal' }));
  const applications = altered(opened.applications, { get: () => Promise.reject(new Error('disk')) });
  await opened.claims.insert({ id: 'x', owner: 'application/here' });
  await assert.rejects(sweep({ ...opened, applications }).run(), /disk/);
  assert.equal((await opened.claims.find()).length, 1);
});

test('where others write too, a claim is freed when it has been without an owner for long', async () => {
  const collections = openCollections(openSqlite({ file: ':memory:', durability: 'normal' }));
  const { claims } = collections;
  const patient = sweep(collections, 1000);
  await claims.insert({ id: 'x', owner: 'service/one' });
  assert.equal(await patient.run(), 0);
  clock.advance(999);
  await claims.remove('x');
  await claims.insert({ id: 'x', owner: 'service/two' });
  clock.advance(1);
  assert.equal(await patient.run(), 0, 'another claim of the same thing');
  clock.advance(1000);
  assert.equal(await patient.run(), 1);
  assert.deepEqual(await claims.find(), []);
});

/** Just before something is removed, it is freed by somebody else and claimed anew by a third one. */
function overtaken(claims: Collection<Claim>): Collection<Claim> {
  return altered(claims, {
    async remove(id, expected) {
      await claims.remove(id);
      await claims.insert({ id, owner: 'service/third' });
      return claims.remove(id, expected);
    },
  });
}

test('what was freed and claimed anew meanwhile is not freed again, by the sweep or its former owner', async () => {
  const opened = openCollections(openSqlite({ file: ':memory:', durability: 'normal' }));
  const claims = overtaken(opened.claims);
  const owners = async () => (await opened.claims.find()).map(({ owner }) => owner);
  await opened.claims.insert({ id: 'address/10.30.0.1', owner: 'service/lost' });
  await sweep({ ...opened, claims }).run();
  assert.deepEqual(await owners(), ['service/third']);
  await opened.claims.remove('address/10.30.0.1');
  const range = { prefix: 'address', first: '10.30.0.1', last: '10.30.0.9', step: 1, noun: 'addresses' };
  const pool = new Pool(range, claims, ERRORS.ADDRESSES_EXHAUSTED);
  await pool.load();
  await pool.claimNext('service/first');
  await pool.release('service/first');
  assert.deepEqual(await owners(), ['service/third']);
});

test('histories without an instance and instances without a service are found, and freed when they stay so', async () => {
  const collections = openCollections(openSqlite({ file: ':memory:', durability: 'normal' }));
  const { histories, instances, services } = collections;
  await services.insert({ id: 's' } as never);
  const instance = (id: string, service_id: string) => ({ id, service_id, desired: 'run' }) as Instance;
  for (const [id, service] of [
    ['s/0', 's'],
    ['t/0', 't'],
  ] as const)
    await instances.insert(instance(id, service));
  for (const id of ['s/0', 's/1', 't/0']) await histories.insert({ id, service_id: '', moves: [] });
  const [counts, dismissed]: [Record<string, number>, string[]] = [{}, []];
  const patient = new Sweep({
    finders: [
      () => leakedHistories(collections),
      () => leakedInstances(collections, async id => dismissed.push(id)),
    ],
    count: (kind, leaks) => {
      counts[kind] = leaks;
    },
    ...{ patience: 1000, clock, log: silentLogger },
  });
  await patient.run();
  assert.deepEqual([counts, dismissed], [{ claims: 0, histories: 0, instances: 0 }, []]);
  clock.advance(1000);
  assert.equal(await patient.run(), 2);
  assert.deepEqual([counts, dismissed], [{ claims: 0, histories: 1, instances: 1 }, ['t/0']]);
  assert.deepEqual(
    (await histories.find()).map(({ id }) => id),
    ['s/0', 't/0'],
  );
});
