import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Role } from '@hedgerow/protos';
import { startTestRoot, type TestRoot } from '../testing/root.ts';
import { sla } from '../testing/slas.ts';

let root: TestRoot;
let admin: string;

before(async () => {
  root = await startTestRoot();
  admin = await root.login();
});
after(() => root.stop());

const PASSWORD = 'nine and more';

interface Person {
  id: string;
  token: string;
}

async function organization(name: string): Promise<string> {
  return JSON.parse((await root.call('POST', '/api/organization/', { name, member: [] }, admin)).body);
}

async function login(username: string, organization_name = 'root'): Promise<string> {
  const { status, body } = await root.call('POST', '/api/auth/login', {
    username,
    password: PASSWORD,
    organization_name,
  });
  assert.equal(status, 200, JSON.stringify(body));
  return body.token;
}

/** A member of one organization alone. */
async function person(name: string, roles: Role[], organization_name = 'root', as = admin): Promise<Person> {
  const { body } = await root.call('POST', '/api/auth/register', { name, password: PASSWORD, roles }, as);
  const [id, [home]] = [
    body._id.$oid,
    await root.collections.organizations.find({ name: organization_name }),
  ];
  assert.ok(home);
  if (organization_name !== 'root' && as === admin) {
    const [first] = await root.collections.organizations.find({ name: 'root' });
    assert.ok(first);
    const without = first.member.filter(({ user_id }) => user_id !== id);
    await root.collections.organizations.replace({ ...first, member: without }, first.revision);
    const member = [...home.member, { user_id: id, roles }];
    await root.collections.organizations.replace({ ...home, member }, home.revision);
  }
  return { id, token: await login(name, organization_name) };
}

const get = (path: string, token: string) => root.call('GET', path, undefined, token);
const put = (name: string, body: object, token: string) =>
  root.call('PUT', `/api/user/${name}/`, body, token);
const remove = (name: string, token: string) => root.call('DELETE', `/api/user/${name}/`, undefined, token);

describe('a user that is sent back whole, as clients do', () => {
  test('has what differs changed, and nothing else', async () => {
    const { token } = await person('ada', ['Application_Provider']);
    const sent = (await get('/api/user/ada', token)).body;
    const same = await put('ada', { ...sent, created_at: '01/01/2027 00:00', extra: 1 }, token);
    assert.deepEqual([same.status, same.body], [200, sent]);
    const changed = await put('ada', { ...sent, email: 'ada@example.org' }, token);
    assert.deepEqual(changed.body, { ...sent, email: 'ada@example.org' });
    assert.deepEqual((await get('/api/user/ada/', token)).body, changed.body);
  });

  test('keeps his password when it says none, or the hash of another system', async () => {
    await person('bob', []);
    for (const password of ['', null, 'pbkdf2:sha256:260000$salt$abc', 'scrypt$16384$8$1$a$b']) {
      const { status } = await put('bob', { name: 'bob', email: 'b@b.b', roles: [], password }, admin);
      assert.equal(status, 200, String(password));
      await login('bob');
    }
  });

  test('gets the password that an Admin writes there, hashed and by the rules; then his logins end', async () => {
    const { token } = await person('carl', []);
    assert.equal((await put('carl', { password: 'short' }, admin)).body.errors[0].path, 'password');
    assert.equal((await put('carl', { password: 'another one' }, admin)).status, 200);
    assert.equal((await get('/api/user/carl', token)).body.error, 'TOKEN_INVALID');
    await root.login('carl', 'another one');
    assert.doesNotMatch(JSON.stringify(await root.dump()), /another one/);
  });

  test('gets no new password from himself in this way: that takes the old one', async () => {
    const { token } = await person('dan', []);
    const { status, body } = await put('dan', { password: 'another one' }, token);
    assert.deepEqual([status, body.errors[0].path], [422, 'password']);
  });

  test('keeps his name', async () => {
    await person('emma', []);
    const { status, body } = await put('emma', { name: 'emmy' }, admin);
    assert.deepEqual([status, body.errors[0].path], [422, 'name']);
  });

  test('is checked: every bad field is named, and nothing changes', async () => {
    const { token } = await person('fay', []);
    const bad = { email: 5, roles: ['King'], password: 7 };
    const { status, body } = await put('fay', bad, admin);
    assert.equal(status, 422);
    const paths = new Set(body.errors.map((error: { path: string }) => error.path));
    assert.deepEqual([...paths].sort(), ['email', 'password', 'roles.0']);
    assert.equal((await get('/api/user/fay', token)).status, 200);
  });
});

describe('roles', () => {
  test('are those of the organization that one is logged in to', async () => {
    await organization('mills');
    await person('greta', ['Application_Provider'], 'mills');
    const here = await login('greta', 'mills');
    const roles = async (token: string) => (await get('/api/permission/greta/', token)).body;
    assert.deepEqual(await roles(here), { roles: ['Application_Provider'] });
    const there = await login('greta', 'root');
    assert.deepEqual(await roles(there), { roles: [] });
    assert.equal((await root.call('POST', '/api/application', sla('one'), there)).status, 403);
    assert.equal((await root.call('POST', '/api/application', sla('one'), here)).status, 200);
    assert.deepEqual((await get('/api/user/greta', there)).body.roles, []);
  });

  test('that change end the logins of before, also by refresh token, and no others', async () => {
    const { token } = await person('hans', ['Application_Provider']);
    const pair = (await root.call('POST', '/api/auth/login', { username: 'hans', password: PASSWORD })).body;
    assert.equal((await put('hans', { roles: ['Application_Provider'] }, admin)).status, 200);
    assert.equal((await get('/api/user/hans', token)).status, 200);
    const changed = await put('hans', { roles: ['Infrastructure_Provider', 'Application_Provider'] }, admin);
    assert.deepEqual(changed.body.roles, ['Application_Provider', 'Infrastructure_Provider']);
    assert.equal((await get('/api/user/hans', token)).body.error, 'TOKEN_INVALID');
    assert.equal((await root.call('POST', '/api/auth/refresh', {}, pair.refresh_token)).status, 401);
    assert.equal((await get('/api/user/hans', await login('hans'))).status, 200);
    assert.equal((await get('/api/user/Admin', admin)).status, 200);
  });

  test('are not one’s own to give', async () => {
    const { token } = await person('ida', ['Application_Provider']);
    const { status, body } = await put('ida', { roles: ['Application_Provider', 'Admin'] }, token);
    assert.deepEqual([status, body.errors[0].path], [403, 'roles']);
    assert.equal((await put('ida', { roles: [] }, token)).status, 403);
  });
});

describe('an Organization_Admin', () => {
  let boss: string;

  before(async () => {
    await organization('farms');
    boss = (await person('boss', ['Organization_Admin'], 'farms')).token;
    await person('hand', ['Application_Provider'], 'farms', boss);
    await person('fitter', ['Infrastructure_Provider'], 'farms');
    await person('chief', ['Admin'], 'farms');
    await person('far', ['Application_Provider']);
    await person('both', ['Application_Provider'], 'farms', boss);
    const [far] = await root.collections.organizations.find({ name: 'root' });
    const [both] = await root.collections.users.find({ name: 'both' });
    assert.ok(far && both);
    const member = [...far.member, { user_id: both.id, roles: ['Infrastructure_Provider' as const] }];
    await root.collections.organizations.replace({ ...far, member }, far.revision);
  });

  test('makes users of his organization, with roles that reach no further than his own', async () => {
    for (const role of ['Admin', 'Infrastructure_Provider']) {
      const user = { name: 'raised', password: PASSWORD, roles: [role] };
      const refused = await root.call('POST', '/api/auth/register', user, boss);
      assert.deepEqual([refused.status, refused.body.errors[0].path], [403, 'roles']);
    }
    assert.deepEqual(await root.collections.users.find({ name: 'raised' }), []);
    assert.equal((await put('hand', { roles: ['Organization_Admin'] }, boss)).status, 200);
    assert.equal((await put('hand', { roles: ['Admin'] }, boss)).status, 403);
    assert.equal((await put('chief', { roles: [] }, boss)).status, 403);
    assert.equal((await put('fitter', { roles: [] }, boss)).status, 403);
  });

  test('touches no account that may do more than his, or that belongs to others too', async () => {
    for (const name of ['chief', 'fitter', 'both']) {
      assert.equal((await get(`/api/user/${name}`, boss)).status, 200, name);
      assert.equal((await put(name, { email: 'mine@example.org' }, boss)).status, 403, name);
      assert.equal((await put(name, { password: 'another one' }, boss)).status, 403, name);
      assert.equal((await root.call('POST', `/api/user/${name}/reset`, undefined, boss)).status, 403, name);
      assert.equal((await remove(name, boss)).status, 403, name);
    }
    assert.equal((await put('both', { roles: [] }, boss)).status, 200);
    assert.equal((await put('hand', { password: 'another one' }, boss)).status, 200);
  });

  test('does not see users of others', async () => {
    assert.equal((await get('/api/user/far', boss)).status, 404);
    assert.equal((await put('far', { roles: [] }, boss)).status, 404);
    assert.equal((await remove('far', boss)).status, 404);
    const names = (await get('/api/users', boss)).body.map(({ name }: { name: string }) => name);
    assert.deepEqual(names.sort(), ['boss', 'both', 'chief', 'fitter', 'hand']);
  });

  test('deletes his own', async () => {
    await person('leaver', ['Application_Provider'], 'farms', boss);
    assert.equal((await remove('leaver', boss)).status, 200);
    assert.deepEqual(await root.collections.users.find({ name: 'leaver' }), []);
  });
});

describe('a new user', () => {
  const add = (fields: object, as = admin) =>
    root.call('POST', '/api/auth/register', { password: PASSWORD, roles: [], ...fields }, as);
  const members = async (name: string) => {
    const [found] = await root.collections.organizations.find({ name });
    return (found?.member ?? []).map(({ user_id, roles }) => [user_id, ...roles]);
  };

  test('becomes a member of the organization that is named, and of no other', async () => {
    await organization('mints');
    const wish = { name: 'ned', roles: ['Organization_Admin'], organization_name: 'mints' };
    const { status, body } = await add(wish);
    assert.deepEqual([status, body.roles], [200, ['Organization_Admin']]);
    assert.deepEqual(await members('mints'), [[body._id.$oid, 'Organization_Admin']]);
    assert.ok(!JSON.stringify(await members('root')).includes(body._id.$oid));
    await login('ned', 'mints');
    const { body: own } = await add({ name: 'nora', organization_name: '' });
    assert.ok(JSON.stringify(await members('root')).includes(own._id.$oid));
  });

  test('of an organization that the caller does not reach is not made', async () => {
    await organization('ponds');
    const { token } = await person('olga', ['Organization_Admin'], 'ponds');
    assert.equal((await add({ name: 'pit', organization_name: 'ponds' }, token)).status, 200);
    const users = (await root.collections.users.find()).length;
    for (const [organization_name, as] of [
      ['root', token],
      ['nowhere', token],
      ['nowhere', admin],
    ] as const) {
      const { status, body } = await add({ name: 'quinn', organization_name }, as);
      assert.deepEqual([status, body.error], [404, 'ORGANIZATION_UNKNOWN']);
    }
    assert.equal((await root.collections.users.find()).length, users);
  });

  test('with a word that is easily taken for ours is refused: 422 names each', async () => {
    const { status, body } = await add({ name: 'rob', role: 'Admin', organization: 'root' });
    assert.deepEqual([status, body.error], [422, 'BODY_INVALID']);
    const named = body.errors.map(
      ({ path, allowed }: { path: string; allowed: string }) => `${path}: ${allowed}`,
    );
    assert.deepEqual(named, [
      'role: nothing; the field is roles',
      'organization: nothing; the field is organization_name',
    ]);
    assert.equal((await add({ name: 'rob', colour: 'red' })).status, 200);
  });
});

describe('deleting a user', () => {
  test('ends his logins and memberships, and frees his name for somebody else', async () => {
    const { id, token } = await person('kim', ['Application_Provider']);
    const reset = (await root.call('POST', '/api/user/kim/reset', undefined, admin)).body.token;
    assert.deepEqual((await remove('kim', admin)).body, { message: 'User deleted' });
    assert.equal((await get('/api/user/kim', token)).body.error, 'TOKEN_INVALID');
    assert.equal((await root.call('PUT', '/api/user', { token: reset, password: PASSWORD })).status, 400);
    assert.doesNotMatch(JSON.stringify(await root.dump()), new RegExp(id));
    await person('kim', ['Application_Provider']);
    assert.equal((await get('/api/user/kim', token)).body.error, 'TOKEN_INVALID');
  });

  test('who has applications is refused, and names them', async () => {
    const { token } = await person('lou', ['Application_Provider']);
    const [made] = (await root.call('POST', '/api/application', sla('busy'), token)).body;
    const refused = await remove('lou', admin);
    assert.deepEqual([refused.status, refused.body.error], [409, 'USER_IN_USE']);
    assert.match(refused.body.message, /busy\.test/);
    assert.equal((await get('/api/user/lou', token)).status, 200);
    await root.call('DELETE', `/api/application/${made.applicationID}`, undefined, token);
    assert.equal((await remove('lou', admin)).status, 200);
  });

  test('who is the last Admin is refused, and so is to take the role from him', async () => {
    const before = await root.dump();
    assert.deepEqual((await remove('Admin', admin)).body.error, 'LAST_ADMIN');
    assert.deepEqual((await put('Admin', { roles: [] }, admin)).body.error, 'LAST_ADMIN');
    assert.deepEqual(await root.dump(), before);
  });

  test('two Admins who delete each other at once: one stays', async () => {
    const own = await startTestRoot();
    const first = await own.login();
    const second = await own.addUser('second', ['Admin']);
    const all = await Promise.all([
      own.call('DELETE', '/api/user/second', undefined, first),
      own.call('DELETE', '/api/user/Admin', undefined, second),
    ]);
    assert.equal(all.filter(({ status }) => status === 200).length, 1);
    assert.equal((await own.collections.users.find()).length, 1);
    await own.stop();
  });
});

test('no answer has a hash', async () => {
  const paths = ['/api/users', '/api/user/Admin', '/api/organization', '/api/permission/Admin'];
  for (const path of paths)
    assert.doesNotMatch(JSON.stringify((await get(path, admin)).body), /scrypt|password/);
});
