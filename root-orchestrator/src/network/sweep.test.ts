import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite, silentLogger } from '@hedgerow/common';
import { altered } from '../clusters/testing/altered.ts';
import { openCollections } from '../collections.ts';
import { sweepClaims } from './sweep.ts';

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
  assert.equal(await sweepClaims(collections, silentLogger), 3);
  const left = (await collections.claims.find()).map(claim => claim.owner);
  assert.deepEqual(left, ['application/here', 'worker/c/w']);
});

test('a look-up that fails frees nothing', async () => {
  const opened = openCollections(openSqlite({ file: ':memory:', durability: 'normal' }));
  const applications = altered(opened.applications, { get: () => Promise.reject(new Error('disk')) });
  await opened.claims.insert({ id: 'x', owner: 'application/here' });
  await assert.rejects(sweepClaims({ ...opened, applications }, silentLogger), /disk/);
  assert.equal((await opened.claims.find()).length, 1);
});
