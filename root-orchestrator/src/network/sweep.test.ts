import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite, silentLogger } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import { altered } from '../clusters/testing/altered.ts';
import { type Collections, openCollections } from '../collections.ts';
import { leakedClaims } from './leaks.ts';
import { Sweep } from './sweep.ts';

const clock = manualClock();
const sweep = (collections: Collections, patience = 0) =>
  new Sweep({ finders: [() => leakedClaims(collections)], patience, clock, log: silentLogger });

test('claims without an owner are freed, workers’ claims stay', async () => {
  const collections = openCollections(openSqlite({ file: ':memory:', durability: 'normal' }));
  const application = {
    application_name: 'a',
    application_namespace: 'n',
    application_desc: '',
    organization_id: '',
    owner: 'ada',
  };
  await collections.applications.insert({ id: 'here', ...application, extra: {} });
  for (const owner of [
    'application/here',
    'application/lost',
    'service/lost',
    'instance/lost/3',
    'worker/c/w',
  ])
    await collections.claims.insert({ id: `x/${owner}`, owner });
  assert.equal(await sweep(collections).run(), 3);
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
