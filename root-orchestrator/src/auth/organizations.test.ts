import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestRoot, type TestRoot } from '../testing/root.ts';
import { sla } from '../testing/slas.ts';

let root: TestRoot;
let admin: string;
let rootId: string;
let ada: string;

before(async () => {
  root = await startTestRoot();
  admin = await root.login();
  await root.addUser('ada');
  ada = (await root.call('GET', '/api/user/ada', undefined, admin)).body._id.$oid;
  rootId = (await root.collections.organizations.find({ name: 'root' }))[0]?.id ?? '';
});
after(() => root.stop());

const UNKNOWN = '0123456789abcdef01234567';
const post = (body: unknown, token = admin) => root.call('POST', '/api/organization/', body, token);
const put = (id: string, body: unknown, token = admin) =>
  root.call('PUT', `/api/organization/${id}/`, body, token);
const remove = (id: string) => root.call('DELETE', `/api/organization/${id}/`, undefined, admin);
const list = async (token = admin) => (await root.call('GET', '/api/organization/', undefined, token)).body;
const make = async (name: string, member: object[] = []) => JSON.parse((await post({ name, member })).body);
const paths = (body: { errors: { path: string }[] }) => body.errors.map(({ path }) => path);

test('root is there from the start, its Admin has every role', async () => {
  const [first] = await list();
  assert.equal(first.name, 'root');
  assert.deepEqual(first._id, { $oid: rootId });
  assert.equal(first.member[0].roles.length, 4);
});

test('one is made, seen, renamed, filled, emptied and deleted', async () => {
  const made = await post({ name: 'newOrganization', member: [] });
  assert.equal(made.status, 200);
  const id = JSON.parse(made.body);
  assert.match(id, /^[0-9a-f]{24}$/);
  const wish = {
    _id: { $oid: id },
    name: 'shops',
    member: [{ user_id: ada, roles: ['Organization_Admin'] }],
  };
  assert.deepEqual((await put(id, wish)).body, { message: 'Organization is updated' });
  assert.deepEqual((await list()).at(-1), wish);
  const login = { username: 'ada', password: 'password of ada', organization_name: 'shops' };
  const { token } = (await root.call('POST', '/api/auth/login', login)).body;
  assert.deepEqual(await list(token), [wish]);
  const users = (await root.call('GET', `/api/users/${id}/`, undefined, admin)).body;
  assert.deepEqual(
    users.map(({ name, roles }: { name: string; roles: string[] }) => [name, roles]),
    [['ada', ['Organization_Admin']]],
  );
  assert.equal((await remove(id)).body.error, 'ORGANIZATION_IN_USE');
  await put(id, { member: [] });
  assert.deepEqual((await remove(id)).body, { message: 'Organization deleted' });
  assert.equal((await root.call('POST', '/api/auth/login', login)).body.error, 'ORGANIZATION_UNKNOWN');
  assert.equal((await root.call('GET', '/api/user/ada', undefined, token)).body.error, 'TOKEN_INVALID');
  assert.equal((await remove(id)).status, 404);
});

test('lists come in parts, when they are asked for so', async () => {
  const part = async (path: string) => (await root.call('GET', path, undefined, admin)).body;
  const whole = await part('/api/users');
  const [first] = await part('/api/users/?limit=1');
  assert.deepEqual(first, whole[0]);
  assert.deepEqual(await part(`/api/users?after=${first._id.$oid}`), whole.slice(1));
  assert.deepEqual(await part(`/api/users/${rootId}?limit=1`), whole.slice(0, 1));
  assert.deepEqual(await part(`/api/organization?after=${rootId}`), (await list()).slice(1));
  assert.deepEqual(paths(await part('/api/users?limit=none')), ['limit']);
});

describe('a name', () => {
  test('is taken once, whatever its case, and free again after a rename or the end', async () => {
    const id = await make('Mill');
    for (const name of ['Mill', 'mILL', 'root', 'ROOT']) {
      const refused = await post({ name });
      assert.deepEqual(
        [refused.status, refused.body.error, paths(refused.body)],
        [409, 'ORGANIZATION_EXISTS', ['name']],
      );
    }
    const other = await make('other');
    assert.equal((await put(other, { name: 'mill' })).status, 409);
    assert.equal((await put(id, { name: 'MILL' })).status, 200);
    assert.equal((await put(other, { name: 'mill' })).status, 409);
    assert.equal((await put(id, { name: 'Forge' })).status, 200);
    assert.equal((await put(other, { name: 'mill' })).status, 200);
    for (const one of [id, other]) assert.equal((await remove(one)).status, 200);
    await remove(await make('forge'));
  });

  test('of three who want it at once one gets it', async () => {
    const all = await Promise.all(['race', 'Race', 'RACE'].map(name => post({ name })));
    assert.deepEqual(all.map(({ status }) => status).sort(), [200, 409, 409]);
  });

  test('has no white space around it, and is there', async () => {
    for (const name of [' a', 'a ', '', 'a\nb', 'x'.repeat(65), 5, undefined]) {
      const { status, body } = await post({ name });
      assert.equal(status, 422, JSON.stringify(name));
      assert.ok(paths(body).every(path => path === 'name'));
    }
    await remove(await make('Müller & Söhne'));
  });
});

describe('members', () => {
  test('are users, each once, with roles that exist; every fault is named', async () => {
    const member = [
      { user_id: UNKNOWN, roles: [] },
      { user_id: ada, roles: [] },
      { user_id: ada, roles: [] },
      { user_id: 'ada', roles: [] },
    ];
    const { status, body } = await post({ name: 'faulty', member });
    assert.equal(status, 422);
    assert.deepEqual(paths(body), ['member.0.user_id', 'member.2.user_id', 'member.3.user_id']);
    assert.match(JSON.stringify(body), new RegExp(UNKNOWN));
    const shape = await post({ name: 'faulty', member: [{ roles: ['King'] }, 'ada'] });
    assert.deepEqual(paths(shape.body).sort(), ['member.0.roles.0', 'member.0.user_id', 'member.1']);
    assert.equal((await post({ name: 'faulty', member: 'ada' })).status, 422);
    assert.equal((await list()).length, 2);
  });

  test('who were deleted meanwhile are left out of an old list', async () => {
    await root.addUser('gone');
    const gone = (await root.call('GET', '/api/user/gone', undefined, admin)).body._id.$oid;
    const id = await make('stale', [{ user_id: gone, roles: [] }]);
    await root.collections.users.remove(gone);
    const member = [
      { user_id: gone, roles: [] },
      { user_id: ada, roles: ['Application_Provider'] },
    ];
    assert.equal((await put(id, { member })).status, 200);
    assert.deepEqual((await list()).find((one: { name: string }) => one.name === 'stale').member, [
      member[1],
    ]);
    await put(id, { member: [] });
    await remove(id);
  });

  test('of root always have an Admin among them', async () => {
    const before = await root.dump();
    const [{ member }] = await list();
    const refused = await put(rootId, { member: member.map((one: object) => ({ ...one, roles: [] })) });
    assert.deepEqual([refused.status, refused.body.error], [409, 'LAST_ADMIN']);
    assert.equal((await put(rootId, { member: [] })).body.error, 'LAST_ADMIN');
    assert.deepEqual(await root.dump(), before);
  });

  test('change for whoever else is in it only when their roles do', async () => {
    const token = await root.login('ada', 'password of ada');
    const [{ member }] = await list();
    assert.equal((await put(rootId, { name: 'root', member: member.toReversed() })).status, 200);
    assert.equal((await root.call('GET', '/api/user/ada', undefined, token)).status, 200);
    assert.equal((await root.call('GET', '/api/user/Admin', undefined, admin)).status, 200);
  });
});

test('root keeps its name and stays', async () => {
  assert.equal((await put(rootId, { name: 'other' })).body.error, 'ROOT_ORGANIZATION');
  assert.equal((await remove(rootId)).body.error, 'ROOT_ORGANIZATION');
  assert.equal((await put(rootId, { name: 'Root' })).status, 409);
});

test('one with applications is not deleted; one that is not there cannot be changed', async () => {
  const id = await make('owners', [{ user_id: ada, roles: ['Application_Provider'] }]);
  const login = { username: 'ada', password: 'password of ada', organization_name: 'owners' };
  const { token } = (await root.call('POST', '/api/auth/login', login)).body;
  await root.call('POST', '/api/application', sla('kept'), token);
  await put(id, { member: [] });
  const refused = await remove(id);
  assert.deepEqual([refused.status, refused.body.error], [409, 'ORGANIZATION_IN_USE']);
  assert.match(refused.body.message, /kept\.test/);
  assert.equal((await put(UNKNOWN, { name: 'x' })).body.error, 'ORGANIZATION_UNKNOWN');
  assert.equal((await put('no-id', { name: 'x' })).status, 404);
  assert.equal((await root.call('GET', `/api/users/${UNKNOWN}`, undefined, admin)).status, 404);
});

describe('an Organization_Admin', () => {
  test('says who of those whom he sees is what, and grants no more than he has', async () => {
    await root.addUser('bo');
    const bo = (await root.call('GET', '/api/user/bo', undefined, admin)).body._id.$oid;
    const [{ member: all }] = await list();
    const adminId = all.find(({ roles }: { roles: string[] }) => roles.includes('Admin')).user_id;
    const member = [
      { user_id: ada, roles: ['Organization_Admin'] },
      { user_id: bo, roles: [] },
      { user_id: adminId, roles: ['Admin'] },
    ];
    const id = await make('ruled', member);
    const login = { username: 'ada', password: 'password of ada', organization_name: 'ruled' };
    const { token } = (await root.call('POST', '/api/auth/login', login)).body;
    const as = (members: object[]) => put(id, { name: 'ruled', member: members }, token);
    assert.equal(
      (await as([member[0], { user_id: bo, roles: ['Admin'] }, member[2]] as object[])).status,
      403,
    );
    assert.equal((await as([member[0], member[1]] as object[])).status, 403);
    const stranger = { user_id: (await stranded()).id, roles: [] };
    const unknown = await as([...member, stranger]);
    assert.deepEqual([unknown.status, paths(unknown.body)], [422, ['member.3.user_id']]);
    assert.equal(
      (await as([member[0], { user_id: bo, roles: ['Application_Provider'] }, member[2]] as object[])).status,
      200,
    );
    assert.equal((await put(rootId, { name: 'x' }, token)).status, 404);
    assert.equal((await put(id, { name: 'ruled well' }, token)).status, 200);
    assert.equal((await post({ name: 'more' }, token)).status, 403);
    assert.equal((await root.call('DELETE', `/api/organization/${id}`, undefined, token)).status, 403);
  });

  async function stranded() {
    await root.addUser('stranded');
    const [user] = await root.collections.users.find({ name: 'stranded' });
    assert.ok(user);
    return user;
  }
});
