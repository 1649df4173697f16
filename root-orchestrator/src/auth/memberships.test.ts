import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite, systemClock } from '@hedgerow/common';
import type { Role } from '@hedgerow/protos';
import { openCollections } from '../collections.ts';
import { Memberships, rolesIn } from './memberships.ts';

test('whether roles may be given is asked of those that they really replace', async t => {
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  t.after(() => store.close());
  const memberships = new Memberships(openCollections(store), systemClock);
  const { id } = await memberships.add('shops', []);
  const replaced: (readonly Role[])[] = [];
  const first = memberships.setRoles(id, 'ada', ['Organization_Admin']);
  const second = memberships.setRoles(id, 'ada', [], before => {
    replaced.push(before);
    if (before.includes('Organization_Admin')) throw new Error('not his to take');
  });
  await first;
  await assert.rejects(second, /not his to take/);
  assert.deepEqual(replaced.at(-1), ['Organization_Admin']);
  assert.deepEqual(rolesIn(await memberships.byId(id), 'ada'), ['Organization_Admin']);
});
