import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { silentLogger } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import type { Role } from '@hedgerow/protos';
import { startTestRoot, type TestRoot } from '../testing/root.ts';

const clock = manualClock();
const logged: [fields: object, message: string][] = [];
const log = {
  ...silentLogger,
  warn: (fields: object, message: string) => void logged.push([fields, message]),
  child: () => log,
};
let root: TestRoot;
let admin: string;

before(async () => {
  root = await startTestRoot({ clock, log });
});
beforeEach(async () => {
  admin = await root.login();
});
after(() => root.stop());

const OLD = 'seven green bottles';
const NEW = 'eight brown bottles';

async function person(name: string, roles: Role[] = ['Application_Provider']): Promise<string> {
  await root.call('POST', '/api/auth/register', { name, password: OLD, roles }, admin);
  return root.login(name, OLD);
}

const loginStatus = async (username: string, password: string): Promise<number> =>
  (await root.call('POST', '/api/auth/login', { username, password })).status;
const own = (name: string, token: string) => root.call('GET', `/api/user/${name}`, undefined, token);

describe('one’s own password', () => {
  const change = (name: string, oldPassword: string, newPassword: string, token: string) =>
    root.call('POST', `/api/user/${name}/`, { oldPassword, newPassword }, token);

  test('is changed with the old one; every login of before ends, one of the same second works', async () => {
    const before = (await root.call('POST', '/api/auth/login', { username: 'Admin', password: 'Admin' }))
      .body;
    const token = await person('ada');
    const { refresh_token } = (await root.call('POST', '/api/auth/login', { username: 'ada', password: OLD }))
      .body;
    const { status, body } = await change('ada', OLD, NEW, token);
    assert.deepEqual([status, typeof body], [200, 'object']);
    assert.equal((await own('ada', token)).body.error, 'TOKEN_INVALID');
    const refused = await root.call('POST', '/api/auth/refresh', {}, refresh_token);
    assert.equal(refused.body.error, 'TOKEN_INVALID');
    assert.equal(await loginStatus('ada', OLD), 401);
    assert.equal((await own('ada', await root.login('ada', NEW))).status, 200);
    assert.equal((await own('Admin', before.token)).status, 200);
  });

  test('stays when the old one is wrong, and when the new one is none', async () => {
    const token = await person('bob');
    const wrong = await change('bob', 'a wrong password', NEW, token);
    assert.deepEqual([wrong.status, wrong.body.error], [400, 'PASSWORD_WRONG']);
    assert.equal(wrong.body.errors[0].path, 'oldPassword');
    for (const bad of ['short', OLD]) {
      const { status, body } = await change('bob', OLD, bad, token);
      assert.deepEqual([status, body.errors[0].path], [422, 'newPassword'], bad);
      assert.doesNotMatch(JSON.stringify(body), new RegExp(bad));
    }
    assert.equal((await own('bob', token)).status, 200);
    assert.equal(await loginStatus('bob', OLD), 200);
  });

  test('is not the user’s name', async () => {
    const token = await person('christina');
    const { status, body } = await change('christina', OLD, 'Christina', token);
    assert.deepEqual([status, body.errors[0].allowed], [422, 'something other than the user name']);
    const made = await root.call(
      'POST',
      '/api/auth/register',
      { name: 'longname', password: 'LONGNAME' },
      admin,
    );
    assert.deepEqual([made.status, made.body.errors[0].path], [422, 'password']);
  });

  test('is nobody else’s to change: others are not there, but for an Admin who knows it', async () => {
    const eve = await person('eve');
    await person('carol');
    assert.equal((await change('carol', OLD, NEW, eve)).status, 404);
    assert.equal((await change('carol', 'a wrong password', NEW, admin)).body.error, 'PASSWORD_WRONG');
    assert.equal((await change('carol', OLD, NEW, admin)).status, 200);
  });
});

describe('a forgotten password', () => {
  const ask = (username: string) =>
    root.call('POST', '/api/user/', { username, domain: 'dashboard.example' });
  const makeToken = async (name: string, as = admin) =>
    root.call('POST', `/api/user/${name}/reset`, undefined, as);
  const reset = (token: string, password: string) => root.call('PUT', '/api/user/', { token, password });

  test('asking changes nothing, tells the operator, and does not tell whether there is such a user', async () => {
    const token = await person('dora');
    logged.length = 0;
    const known = await ask('dora');
    assert.equal(known.status, 200);
    assert.deepEqual(known.body, (await ask('nobody')).body);
    for (let again = 0; again < 20; again++) await ask('dora');
    const lines = logged.filter(([fields]) => (fields as { user?: string }).user === 'dora');
    assert.equal(lines.length, 5);
    assert.doesNotMatch(JSON.stringify(logged), /[0-9a-f]{64}/);
    assert.equal((await own('dora', token)).status, 200);
  });

  test('a token sets a new one, once, and ends every login', async () => {
    const before = await person('emil');
    const { status, body } = await makeToken('emil');
    assert.equal(status, 200);
    assert.equal(body.expires, Math.floor(clock.now() / 1000) + 3 * 3600);
    assert.doesNotMatch(JSON.stringify(await root.dump()), new RegExp(body.token));
    assert.equal((await reset(body.token, 'short')).status, 422);
    assert.equal((await reset(body.token, 'emil')).status, 422);
    assert.equal((await reset(body.token, NEW)).status, 200);
    assert.equal((await own('emil', before)).body.error, 'TOKEN_INVALID');
    assert.equal(await loginStatus('emil', NEW), 200);
    const again = await reset(body.token, 'yet another one');
    assert.deepEqual([again.status, again.body.error], [400, 'RESET_INVALID']);
  });

  test('of two at once with the same token one succeeds', async () => {
    await person('fred');
    const { token } = (await makeToken('fred')).body;
    const all = await Promise.all([reset(token, 'one of the two'), reset(token, 'the other of the two')]);
    assert.deepEqual(all.map(({ status }) => status).sort(), [200, 400]);
  });

  test('a token lasts three hours; a newer one, or another password, ends it', async () => {
    await person('gina');
    const first = (await makeToken('gina')).body.token;
    const second = (await makeToken('gina')).body.token;
    assert.equal((await reset(first, NEW)).status, 400);
    clock.advance(3 * 3600_000 + 1_000);
    assert.equal((await reset(second, NEW)).status, 400);
    admin = await root.login();
    const third = (await makeToken('gina')).body.token;
    await root.call(
      'POST',
      '/api/user/gina',
      { oldPassword: OLD, newPassword: NEW },
      await root.login('gina', OLD),
    );
    assert.equal((await reset(third, 'yet another one')).status, 400);
    assert.equal((await reset('nonsense', NEW)).status, 400);
    assert.deepEqual(await root.collections.resets.find(), []);
  });

  test('only those who may give somebody a token', async () => {
    const hugo = await person('hugo');
    assert.equal((await makeToken('hugo', hugo)).status, 403);
    assert.equal((await makeToken('nobody')).body.error, 'USER_UNKNOWN');
  });
});

describe('guessing', () => {
  const guess = (username: string) =>
    root.call('POST', '/api/auth/login', { username, password: 'a wrong password' });

  test('is slowed down after five failures; a success ends it', async () => {
    await root.call('POST', '/api/auth/register', { name: 'irma', password: OLD }, admin);
    for (let failure = 0; failure < 5; failure++) assert.equal((await guess('irma')).status, 401);
    const held = await root.call('POST', '/api/auth/login', { username: 'irma', password: OLD });
    assert.deepEqual([held.status, held.body.error], [429, 'LOGIN_DELAYED']);
    assert.equal(held.headers.get('retry-after'), '1');
    assert.equal(held.headers.get('access-control-allow-origin'), '*');
    clock.advance(1_000);
    assert.equal((await guess('irma')).status, 401);
    assert.equal((await guess('irma')).headers.get('retry-after'), '2');
    clock.advance(2_000);
    assert.equal(await loginStatus('irma', OLD), 200);
    assert.equal((await guess('irma')).status, 401);
    assert.equal(await loginStatus('irma', OLD), 200);
  });

  test('many at once are no way around it', async () => {
    await root.call('POST', '/api/auth/register', { name: 'jana', password: OLD }, admin);
    const all = await Promise.all(Array.from({ length: 30 }, () => guess('jana')));
    const tried = all.filter(({ status }) => status === 401).length;
    assert.ok(tried >= 5 && tried <= 8, `${tried} were tried`);
  });

  test('of an unknown name is slowed down alike, and with a token in hand too', async () => {
    for (let failure = 0; failure < 5; failure++) await guess('never there');
    assert.equal((await guess('never there')).status, 429);
    const token = await person('karl');
    const change = () =>
      root.call('POST', '/api/user/karl', { oldPassword: 'a wrong password', newPassword: NEW }, token);
    for (let failure = 0; failure < 5; failure++) assert.equal((await change()).status, 400);
    assert.equal((await change()).body.error, 'LOGIN_DELAYED');
  });
});

describe('logging out', () => {
  test('ends a refresh token, and no other; what expired is swept', async () => {
    const login = async () =>
      (await root.call('POST', '/api/auth/login', { username: 'Admin', password: 'Admin' })).body;
    const [one, other] = [await login(), await login()];
    const refresh = (token: string) => root.call('POST', '/api/auth/refresh/', {}, token);
    assert.equal((await root.call('POST', '/api/auth/logout', {}, one.token)).status, 401);
    const out = await root.call('POST', '/api/auth/logout/', undefined, one.refresh_token);
    assert.deepEqual([out.status, typeof out.body], [200, 'object']);
    assert.equal((await refresh(one.refresh_token)).body.error, 'TOKEN_INVALID');
    assert.equal((await root.call('POST', '/api/auth/logout', {}, one.refresh_token)).status, 401);
    assert.equal((await refresh(other.refresh_token)).status, 200);
    clock.advance(31 * 24 * 3600_000);
    const late = await login();
    await root.call('POST', '/api/auth/logout', {}, late.refresh_token);
    assert.equal((await root.collections.revocations.find()).length, 1);
  });
});
