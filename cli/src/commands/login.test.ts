import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { silentLogger, systemClock } from '@hedgerow/common';
import { type RootConfig, rootSettings, startRoot } from '@hedgerow/root-orchestrator';
import { runCli } from '../app.ts';

let folder = '';
let root: Awaited<ReturnType<typeof startRoot>>;
const file = () => join(folder, '.config/hedgerow/session.json');

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hedge-login-'));
  const settings = Object.entries(rootSettings).map(([key, setting]) => [key, setting.default]);
  const config = { ...(Object.fromEntries(settings) as RootConfig), port: 0, data: join(folder, 'root') };
  root = await startRoot(config, { clock: systemClock, log: silentLogger });
});
after(async () => {
  await root.stop();
  rmSync(folder, { recursive: true });
});

const hedge = (...words: string[]) => typing('Admin', words);
const hedgeReading = (typed: string, ...words: string[]) =>
  typing(typed, ['login', '--password-stdin', ...words]);

async function typing(typed: string, words: string[]) {
  let err = '';
  const code = await runCli(words, {
    env: { HOME: folder, HEDGE_URL: root.url },
    out() {},
    err(text) {
      err += text;
    },
    read: async () => `${typed}\n`,
    ask: async () => null,
  });
  return { code, err };
}

const login = (...words: string[]) => hedgeReading('Admin', ...words);
const session = () => JSON.parse(readFileSync(file(), 'utf8')) as Record<string, string>;

async function refresh(token = ''): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${root.url}/api/auth/refresh`, { method: 'POST', headers })).status;
}

test('a login is to the organization that is named, which is kept', async () => {
  assert.match((await login('--organization', 'nowhere')).err, /nowhere/);
  assert.equal(existsSync(file()), false);
  const { code, err } = await login('--organization', 'root');
  assert.deepEqual([code, session().organization], [0, 'root'], err);
  assert.match(err, /as Admin of root/);
  await login();
  assert.equal(session().organization, undefined);
});

test('a logout gives the refresh token back and forgets the session, one that has ended too', async () => {
  await login();
  const { refresh_token } = session();
  assert.equal(await refresh(refresh_token), 200);
  const { code, err } = await hedge('logout');
  assert.deepEqual([code, existsSync(file())], [0, false], err);
  assert.equal(await refresh(refresh_token), 401);
  assert.equal((await hedge('logout')).code, 3);
  await login();
  const headers = { authorization: `Bearer ${session().refresh_token}` };
  await fetch(`${root.url}/api/auth/logout`, { method: 'POST', headers });
  assert.equal((await hedge('logout')).code, 0);
  assert.equal(existsSync(file()), false);
});

test('a logout where nobody answers forgets the session all the same, and says who was not told', async () => {
  await login();
  const gone = { ...session(), url: 'http://127.0.0.1:1' };
  writeFileSync(file(), JSON.stringify(gone));
  const { code, err } = await hedge('--url', gone.url, 'logout');
  assert.deepEqual([code, existsSync(file())], [0, false], err);
  assert.match(err, /could not be reached and was not told/);
});

test('a new organization gets its first user as docs/roles.md says', async () => {
  await login();
  const call = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${session().token}`, 'content-type': 'application/json' };
    const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
    const answer = await fetch(root.url + path, init);
    assert.equal(answer.status, 200, await answer.clone().text());
  };
  await call('POST', '/api/organization', { name: 'shops' });
  const ada = { name: 'ada', password: 'a long one', roles: ['Organization_Admin'] };
  await call('POST', '/api/auth/register', { ...ada, organization_name: 'shops' });
  const { code, err } = await hedgeReading(ada.password, '-u', 'ada', '--organization', 'shops');
  assert.equal(code, 0, err);
  await call('POST', '/api/auth/register', { name: 'bo', password: 'a longer one', roles: [] });
});
