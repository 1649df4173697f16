/** A root whose data directory is on a file system that is full. Needs Linux and root, to mount one of a few MiB. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Lifecycle, silentLogger, systemClock } from '@hedgerow/common';
import { startRoot } from './app.ts';
import { caller, login } from './testing/root.ts';
import { microservice, sla } from './testing/slas.ts';

const SIZE = '4m';
const impossible = process.platform === 'linux' && process.getuid?.() === 0 ? false : 'needs root on Linux';

/** A root on a file system of its own. */
async function startSmall(t: TestContext): Promise<{ data: string; url: string }> {
  const life = new Lifecycle();
  t.after(() => life.stop());
  const data = await mkdtemp(join(tmpdir(), 'hedgerow-full-'));
  life.add('folder', () => rmdir(data));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'hedgerow-test', data]);
  life.add('mount', () => void execFileSync('umount', [data]));
  const settings = { host: '127.0.0.1', port: 0, socket: '', mongodb: '', address: '', leaseSeconds: 10 };
  const others = { clusterTokenFile: '', adminPassword: '', assets: '', accessTokenSeconds: 600 };
  const root = await startRoot({ ...settings, ...others, data }, { clock: systemClock, log: silentLogger });
  life.add('root', () => root.stop());
  return { data, url: root.url };
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
