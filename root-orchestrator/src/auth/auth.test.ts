import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openSqlite } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import jwt from 'jsonwebtoken';
import { startTestRoot, type TestRoot } from '../testing/root.ts';
import { hashPassword, verifyPassword } from './password.ts';
import { openSigningKeys, secretFiles } from './secrets.ts';

const clock = manualClock();
let data: string;
let root: TestRoot;

before(async () => {
  data = await mkdtemp(join(tmpdir(), 'hedgerow-root-auth-'));
  root = await startTestRoot({ clock, config: { data } });
});
after(async () => {
  await root.stop();
  await rm(data, { recursive: true });
});

const see = (token?: string) => root.call('GET', '/api/applications', undefined, token);

async function tokens(username = 'Admin', password = 'Admin') {
  const { body } = await root.call('POST', '/api/auth/login', { username, password });
  return body as { token: string; refresh_token: string };
}

describe('login', () => {
  test('gives two tokens with the claims that the dashboard reads', async () => {
    const pair = await tokens();
    const access = jwt.decode(pair.token, { complete: true });
    assert.deepEqual(access?.header, { alg: 'RS256', typ: 'JWT' });
    const claims = access?.payload as jwt.JwtPayload;
    const now = Math.floor(clock.now() / 1000);
    assert.equal(claims.sub, 'Admin');
    assert.equal(claims.user, 'Admin');
    assert.equal(claims.type, 'access');
    assert.equal(claims.iat, now);
    assert.equal(claims.exp, now + 600);
    assert.match(claims.organization, /^[0-9a-f]{24}$/);
    assert.ok(claims.roles.includes('Admin'));
    const refresh = jwt.decode(pair.refresh_token) as jwt.JwtPayload;
    assert.equal(refresh.type, 'refresh');
    assert.equal(refresh.exp, now + 30 * 24 * 3600);
    assert.notEqual(refresh.jti, claims.jti);
  });

  test('fails the same way for a wrong password and an unknown user', async () => {
    const wrong = await root.call('POST', '/api/auth/login', { username: 'Admin', password: 'admin' });
    const unknown = await root.call('POST', '/api/auth/login', { username: 'nobody', password: 'Admin' });
    assert.equal(wrong.status, 401);
    assert.equal(wrong.body.error, 'LOGIN_FAILED');
    assert.deepEqual(unknown.body, wrong.body);
  });

  test('names every bad field and no password', async () => {
    const { status, body } = await root.call('POST', '/api/auth/login', { username: 5, password: 12345 });
    assert.equal(status, 422);
    assert.deepEqual(
      body.errors.map((e: { path: string }) => e.path),
      ['username', 'password'],
    );
    assert.doesNotMatch(JSON.stringify(body), /12345/);
  });

  test('is to the organization that is named, root when none is; another one only a user is told of', async () => {
    const login = (organization_name: string, password = 'Admin') =>
      root.call('POST', '/api/auth/login', { username: 'Admin', password, organization_name });
    assert.equal((await login('root')).status, 200);
    assert.equal((await login('')).status, 200);
    assert.equal((await login('other')).body.error, 'ORGANIZATION_UNKNOWN');
    assert.equal((await login('other', 'wrong')).body.error, 'LOGIN_FAILED');
  });

  test('so many at once are refused, not queued for ever', async () => {
    const all = await Promise.all(
      Array.from({ length: 50 }, () =>
        root.call('POST', '/api/auth/login', { username: 'Admin', password: 'Admin' }),
      ),
    );
    const found = new Set(all.map(answer => answer.status));
    assert.deepEqual([...found].sort(), [200, 429]);
    const refused = all.find(({ status }) => status === 429);
    assert.equal(refused?.body.error, 'TOO_MANY_LOGINS');
    assert.equal(refused?.headers.get('retry-after'), '1');
  });
});

describe('a token', () => {
  test('is needed', async () => {
    const { status, body, headers } = await see();
    assert.equal(status, 401);
    assert.equal(body.error, 'TOKEN_MISSING');
    assert.equal(headers.get('www-authenticate'), 'Bearer');
  });

  test('expires; the refresh token gives a new one; which expires too', async () => {
    const pair = await tokens();
    clock.advance(599_000);
    assert.equal((await see(pair.token)).status, 200);
    clock.advance(2_000);
    assert.equal((await see(pair.token)).body.error, 'TOKEN_EXPIRED');
    const { body } = await root.call('POST', '/api/auth/refresh', {}, pair.refresh_token);
    assert.equal((await see(body.token)).status, 200);
    clock.advance(31 * 24 * 3600 * 1000);
    const late = await root.call('POST', '/api/auth/refresh', undefined, pair.refresh_token);
    assert.equal(late.body.error, 'TOKEN_EXPIRED');
  });

  test('of the one type does not do for the other', async () => {
    const pair = await tokens();
    assert.equal((await see(pair.refresh_token)).body.error, 'TOKEN_INVALID');
    const refused = await root.call('POST', '/api/auth/refresh', {}, pair.token);
    assert.equal(refused.body.error, 'TOKEN_INVALID');
  });

  test('that somebody else signed, or nobody, is refused', async () => {
    const { token } = await tokens();
    const claims = jwt.decode(token) as jwt.JwtPayload;
    const other = await mkdtemp(join(tmpdir(), 'hedgerow-root-keys-'));
    const { privateKey, publicKey } = await openSigningKeys(secretFiles(other));
    await rm(other, { recursive: true });
    const { publicKey: ours } = await openSigningKeys(secretFiles(data));
    const forged = [
      jwt.sign(claims, privateKey, { algorithm: 'RS256' }),
      jwt.sign(claims, null, { algorithm: 'none' }),
      // The public key as if it were a shared secret.
      jwt.sign(claims, ours.export({ type: 'spki', format: 'pem' }), { algorithm: 'HS256' }),
      `${token}x`,
      'nonsense',
      publicKey.asymmetricKeyType ?? '',
    ];
    for (const bad of forged) assert.equal((await see(bad)).body.error, 'TOKEN_INVALID', bad);
    assert.equal((await see('')).body.error, 'TOKEN_MISSING');
  });

  test('says what is wrong with it in the header, too', async () => {
    assert.equal((await see('nonsense')).headers.get('www-authenticate'), 'Bearer error="invalid_token"');
  });
});

describe('users', () => {
  test('are made by an Admin, once per name, and shown without their hash', async () => {
    const admin = await root.login();
    const ada = { name: 'ada', password: 'secret words', email: 'a@b.c', roles: ['Application_Provider'] };
    const made = await root.call('POST', '/api/auth/register', { ...ada, _id: { $oid: '' } }, admin);
    assert.equal(made.status, 200);
    assert.deepEqual(Object.keys(made.body).sort(), ['_id', 'created_at', 'email', 'name', 'roles']);
    assert.match(made.body._id.$oid, /^[0-9a-f]{24}$/);
    const again = await root.call('POST', '/api/auth/register', ada, admin);
    assert.equal(again.status, 409);
    assert.equal(again.body.error, 'USER_EXISTS');

    const token = await root.login('ada', 'secret words');
    const own = await root.call('GET', '/api/user/ada', undefined, token);
    assert.deepEqual(own.body, made.body);
    assert.deepEqual((await root.call('GET', '/api/user/ada', undefined, admin)).body, made.body);
    assert.equal((await root.call('GET', '/api/user/Admin', undefined, token)).status, 404);
    const refused = await root.call(
      'POST',
      '/api/auth/register',
      { name: 'x', password: 'long enough' },
      token,
    );
    assert.equal(refused.body.error, 'FORBIDDEN');
  });

  test('several at once of the same name, whatever its case: one is made', async () => {
    const admin = await root.login();
    const all = await Promise.all(
      ['twin', 'Twin', 'TWIN'].map(n =>
        root.call('POST', '/api/auth/register', { name: n, password: 'long enough' }, admin),
      ),
    );
    assert.deepEqual(all.map(answer => answer.status).sort(), [200, 409, 409]);
    const stored = await root.collections.users.find();
    assert.equal(stored.filter(({ name }) => name.toLowerCase() === 'twin').length, 1);
  });

  test('bad fields are named', async () => {
    const bad = { name: 'a b', password: '', roles: ['King'] };
    const { status, body } = await root.call('POST', '/api/auth/register', bad, await root.login());
    assert.equal(status, 422);
    assert.deepEqual(body.errors.map((e: { path: string }) => e.path).sort(), [
      'name',
      'password',
      'roles.0',
    ]);
  });
});

test('passwords: salted, and compared in one normal form', async () => {
  const hash = await hashPassword('caf\u00e9');
  assert.notEqual(hash, await hashPassword('caf\u00e9'));
  assert.equal(await verifyPassword('cafe\u0301', hash), true);
  assert.equal(await verifyPassword('cafe', hash), false);
  assert.equal(await verifyPassword('', 'nonsense'), false);
});

test('a root that was tried out loses the trial password when it is given one', async () => {
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  await (await startTestRoot({ store, config: { data } })).stop();
  const serious = await startTestRoot({ store, config: { data, adminPassword: 'long and good' } });
  const trial = await serious.call('POST', '/api/auth/login', { username: 'Admin', password: 'Admin' });
  assert.equal(trial.status, 401);
  await serious.login('Admin', 'long and good');
  await serious.stop();
  const later = await startTestRoot({ store, config: { data, adminPassword: 'another' } });
  await later.login('Admin', 'long and good');
  await later.stop();
  await store.close();
});
