import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isErrorOf, openSqlite, type Store } from '@hedgerow/common';
import { openCollections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import { faultyStore } from '../testing/faulty-store.ts';
import { startTestRoot } from '../testing/root.ts';
import { refuseTrialPassword } from './trial-password.ts';

let data: string;
const open = () => openSqlite({ file: ':memory:', durability: 'normal' });
const start = (store: Store) => startTestRoot({ store, config: { data } });

before(async () => {
  data = await mkdtemp(join(tmpdir(), 'hedgerow-first-start-'));
});
after(() => rm(data, { recursive: true }));

async function assertOneAdmin(store: Store): Promise<void> {
  const { users, organizations, claims } = openCollections(store);
  const [admin, ...others] = await users.find();
  assert.deepEqual([admin?.name, others], ['Admin', []]);
  const [root, ...more] = await organizations.find();
  assert.deepEqual([root?.name, root?.member.length, more], ['root', 1, []]);
  const names = (await claims.find()).map(({ id }) => id);
  assert.deepEqual(names, ['organization-name/root', 'user-name/admin']);
}

test('two roots that start at once over one store make one Admin and one organization', async () => {
  const store = open();
  const roots = await Promise.all([start(store), start(store)]);
  await assertOneAdmin(store);
  for (const root of roots) await root.login();
  for (const root of roots) await root.stop();
  await store.close();
});

for (const when of ['before', 'after'] as const)
  test(`a first start that is cut short at any write (${when} it) is finished by the next`, async () => {
    for (let at = 1; ; at++) {
      const inner = open();
      const store = faultyStore(inner);
      store.arm({ at, until: 'ever after', when });
      const first = await start(store).catch(() => null);
      await first?.stop();
      store.arm(null);
      const second = await start(store);
      await second.login();
      await second.stop();
      await assertOneAdmin(inner);
      await inner.close();
      if (first) break;
      assert.ok(at < 20);
    }
  });

test('an Admin who was deleted does not come back with the trial password', async () => {
  const store = open();
  const first = await start(store);
  const other = await first.addUser('other', ['Admin']);
  assert.equal((await first.call('DELETE', '/api/user/Admin', undefined, other)).status, 200);
  await first.stop();
  const second = await start(store);
  const refused = await second.call('POST', '/api/auth/login', { username: 'Admin', password: 'Admin' });
  assert.equal(refused.status, 401);
  await second.stop();
  await store.close();
});

test('where others can reach it, a root asks for a password that is one', () => {
  const refused = (host: string, password: string): boolean => {
    try {
      refuseTrialPassword(host, password);
      return false;
    } catch (error) {
      return isErrorOf(error, ERRORS.ADMIN_PASSWORD_NEEDED);
    }
  };
  assert.equal(refused('127.0.0.1', ''), false);
  assert.equal(refused('0.0.0.0', ''), true);
  assert.equal(refused('0.0.0.0', 'short'), true);
  assert.equal(refused('0.0.0.0', 'long enough'), false);
});
