/** A root whose data directory is on a file system that is full. Needs Linux and root, to mount one of a few MiB. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Lifecycle, openSqlite, silentLogger, systemClock } from '@hedgerow/common';
import { startRoot } from './app.ts';
import { openCollections } from './collections.ts';
import { caller, login } from './testing/root.ts';
import { microservice, sla } from './testing/slas.ts';

const SIZE = '4m';
const impossible = process.platform === 'linux' && process.getuid?.() === 0 ? false : 'needs root on Linux';

/** A root on a file system of its own. */
async function startSmall(
  t: TestContext,
): Promise<{ data: string; url: string; again: (meanwhile: () => Promise<unknown>) => Promise<string> }> {
  const life = new Lifecycle();
  t.after(() => life.stop());
  const data = await mkdtemp(join(tmpdir(), 'hedgerow-full-'));
  life.add('folder', () => rmdir(data));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'hedgerow-test', data]);
  life.add('mount', () => void execFileSync('umount', [data]));
  const settings = { host: '127.0.0.1', port: 0, socket: '', mongodb: '', address: '', leaseSeconds: 10 };
  const others = { clusterTokenFile: '', adminPassword: '', assets: '', accessTokenSeconds: 600 };
  const start = () => startRoot({ ...settings, ...others, data }, { clock: systemClock, log: silentLogger });
  let root = await start();
  life.add('root', () => root.stop());
  const again = async (meanwhile: () => Promise<unknown>) => {
    await root.stop();
    await meanwhile();
    root = await start();
    return root.url;
  };
  return { data, url: root.url, again };
}

/** Writes until nothing more fits. @returns makes room again */
async function fill(data: string): Promise<() => Promise<void>> {
  const path = join(data, 'filling');
  const file = await open(path, 'w');
  for (const size of [65_536, 4096, 1]) {
    const bytes = Buffer.alloc(size);
    while (
      await file.write(bytes).then(
        ({ bytesWritten }) => bytesWritten === size,
        () => false,
      )
    );
  }
  await file.close();
  return () => rm(path);
}

test('a full disk refuses what is new, in words; reading and logins go on, and so does all of it when there is room', {
  skip: impossible,
}, async t => {
  const { data, url } = await startSmall(t);
  const call = caller(url);
  const token = await login(call);
  const [made] = (await call('POST', '/api/application', sla('shop', microservice('web')), token)).body;
  const service = `/api/service/${made.microservices[0]}`;
  assert.equal((await call('POST', `${service}/instance`, {}, token)).status, 200);

  const makeRoom = await fill(data);
  // The journal has some room left in the file that it has.
  let refused = await call('POST', '/api/application', sla('app0', microservice('web')), token);
  let taken = 0;
  for (; refused.status === 200; taken += 1)
    refused = await call('POST', '/api/application', sla(`app${taken + 1}`, microservice('web')), token);
  assert.deepEqual([refused.status, refused.body.error], [507, 'STORE_FULL']);
  assert.match(refused.body.message, /disk of the root is full/);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  const gone = await call('DELETE', `${service}/instance/0`, undefined, token);
  assert.ok([200, 507].includes(gone.status), JSON.stringify(gone.body));

  await login(call);
  const names = async (): Promise<string[]> =>
    (await call('GET', '/api/applications', undefined, token)).body.map(
      (application: { application_name: string }) => application.application_name,
    );
  assert.equal((await names()).length, taken + 1);
  assert.equal((await call('GET', service, undefined, token)).body.microserviceID, made.microservices[0]);
  const { status, body } = await call('GET', '/readyz');
  assert.deepEqual([status, body.reasons], [503, ['the disk is full: nothing new is stored']]);
  assert.equal((await call('GET', '/healthz')).status, 200);

  await makeRoom();
  assert.equal((await call('GET', '/readyz')).status, 200);
  const again = await call('POST', '/api/application', sla(`app${taken}`, microservice('web')), token);
  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.equal((await names()).length, taken + 2);
});

test('a root that starts on a full disk reads, leads and refuses, and goes on when there is room', {
  skip: impossible,
}, async t => {
  const { data, url, again } = await startSmall(t);
  const before = caller(url);
  const known = await login(before);
  const [made] = (await before('POST', '/api/application', sla('shop', microservice('web')), known)).body;
  const service = `/api/service/${made.microservices[0]}`;
  await before('POST', `${service}/instance`, {}, known);

  const call = caller(
    await again(async () => {
      await leaveHalfDone(data);
      await fill(data);
    }),
  );
  const token = await login(call);
  assert.equal((await call('GET', service, undefined, token)).body.instance_list.length, 1);
  const refused = await call('POST', '/api/application', sla('other', microservice('web')), token);
  assert.deepEqual([refused.status, refused.body.error], [507, 'STORE_FULL']);
  assert.match(refused.body.message, /disk of the root is full/);
  assert.deepEqual((await call('GET', '/readyz')).body.reasons, ['the disk is full: nothing new is stored']);
  assert.equal((await call('GET', '/healthz')).status, 200);

  await rm(join(data, 'filling'));
  const taken = await call('POST', '/api/application', sla('other', microservice('web')), token);
  assert.equal(taken.status, 200, JSON.stringify(taken.body));
  assert.equal((await call('GET', '/readyz')).status, 200);
});

/** What a root that was killed may leave: a change that was cut short, and a claim of nobody. */
async function leaveHalfDone(data: string): Promise<void> {
  const store = openSqlite({ file: join(data, 'root.sqlite'), durability: 'full' });
  const { claims, intents } = openCollections(store);
  const creates = [{ collection: 'claims', id: 'address/10.30.77.77' }];
  await intents.insert({ id: 'a'.repeat(24), creates, root_id: 'b'.repeat(24), at: 0 });
  for (const end of ['77', '78'])
    await claims.insert({ id: `address/10.30.77.${end}`, owner: `service/${'c'.repeat(24)}` });
  await store.close();
}
