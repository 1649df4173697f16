import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Document, migrate, openSqlite, type Store, silentLogger } from '@hedgerow/common';
import { hashPassword } from './auth/password.ts';
import { openCollections } from './collections.ts';
import { MIGRATIONS } from './migrations.ts';
import { faultyStore } from './testing/faulty-store.ts';
import { startTestRoot } from './testing/root.ts';

type Old = Document & Record<string, unknown>;

const ROOT_ID = '00000000aaaaaaaaaaaaaaaa';

/** As the first version wrote it. */
async function oldStore(store: Store): Promise<void> {
  const put = async (name: string, ...documents: Omit<Old, 'revision'>[]) => {
    for (const document of documents) await store.collection<Old>(name, []).insert(document as Old);
  };
  const password_hash = await hashPassword('a long password');
  const user = { email: '', created_at: '', password_hash };
  await put('meta', { id: 'organization', value: ROOT_ID });
  await put(
    'users',
    { id: 'u1', name: 'Admin', roles: ['Admin'], ...user },
    { id: 'u2', name: 'Ada', roles: [], ...user },
  );
  await put('claims', { id: 'user-name/Admin', owner: 'user/u1' }, { id: 'user-name/Ada', owner: 'user/u2' });
  await put('applications', { id: 'a1', owner: 'Ada', application_name: 'shop', application_namespace: 'x' });
  await put('services', { id: 's1', application_id: 'a1', job_name: 'j' });
  await put('instances', { id: 's1/0', service_id: 's1' });
  await put('clusters', { id: 'c1', name: 'site' });
}

const run = (store: Store) => migrate(store, { role: 'root', migrations: MIGRATIONS, log: silentLogger });

async function check(store: Store): Promise<void> {
  const collections = openCollections(store);
  const [organization] = await collections.organizations.find({ name: 'root' });
  assert.equal(organization?.id, ROOT_ID);
  assert.deepEqual(organization.member, [
    { user_id: 'u1', roles: ['Admin'] },
    { user_id: 'u2', roles: [] },
  ]);
  for (const user of await collections.users.find()) {
    assert.equal(user.token_version, 0);
    assert.ok(!('roles' in user));
  }
  const claims = (await collections.claims.find()).map(({ id, owner }) => [id, owner]);
  assert.deepEqual(claims, [
    ['organization-name/root', `organization/${ROOT_ID}`],
    ['user-name/ada', 'user/u2'],
    ['user-name/admin', 'user/u1'],
  ]);
  assert.equal((await collections.applications.get('a1'))?.organization_id, ROOT_ID);
  assert.equal((await collections.services.get('s1'))?.rollout, null);
  assert.equal((await collections.instances.get('s1/0'))?.request_id, '');
  assert.equal((await collections.clusters.get('c1'))?.connected_epoch, -1);
}

test('a store of the first version becomes one of organizations, whenever it is cut short', async () => {
  for (let at = 1; ; at++) {
    const inner = openSqlite({ file: ':memory:', durability: 'normal' });
    await oldStore(inner);
    const store = faultyStore(inner);
    store.arm({ at, until: 'ever after', when: 'before' });
    const whole = await run(store).then(
      () => true,
      () => false,
    );
    store.arm(null);
    await run(store);
    await check(inner);
    await inner.close();
    if (whole) break;
    assert.ok(at < 100);
  }
});

test('its users log in as before', async () => {
  const data = await mkdtemp(join(tmpdir(), 'hedgerow-migration-'));
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  await oldStore(store);
  await run(store);
  const root = await startTestRoot({ store, config: { data } });
  const token = await root.login('Admin', 'a long password');
  const users = (await root.call('GET', '/api/users', undefined, token)).body;
  assert.deepEqual(
    users.map(({ name, roles }: { name: string; roles: string[] }) => [name, roles]),
    [
      ['Admin', ['Admin']],
      ['Ada', []],
    ],
  );
  await root.stop();
  await store.close();
  await rm(data, { recursive: true });
});

test('an empty store stays empty, and starts', async () => {
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  await run(store);
  assert.deepEqual(await openCollections(store).organizations.find(), []);
  await store.close();
});
