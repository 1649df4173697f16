import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { clusterSettings, startCluster } from '@hedgerow/cluster-orchestrator';
import { type Document, openSqlite, silentLogger, systemClock } from '@hedgerow/common';
import { runCli } from '../app.ts';

const SERVICE = '0123456789abcdef01234567';

const INSTANCE = {
  id: `${SERVICE}/0`,
  service_id: SERVICE,
  instance_number: 0,
  service: {
    service_id: SERVICE,
    job_name: 'shop.prod.web.prod',
    application_id: 'a',
    constraints: [],
    port: '',
  },
  generation: 1,
  epoch: 1,
  desired: 'run',
  worker_id: '',
  status: 'NO_WORKER_CAPACITY',
  status_detail: 'needs 5 cores',
  status_since: 0,
  namespace_ip: '',
  logs: '',
  cpu_percent: '',
  memory_percent: '',
  disk: '',
};

/** A cluster that has one instance and cannot reach its root. @returns runs a command line against it */
async function cluster(t: TestContext) {
  const data = mkdtempSync(join(tmpdir(), 'hedge-cli-cluster-'));
  t.after(() => rmSync(data, { recursive: true }));
  const store = openSqlite({ file: join(data, 'cluster.sqlite'), durability: 'full' });
  await store.collection<Document>('instances', []).insert(INSTANCE);
  await store.close();
  const defaults = Object.fromEntries(
    Object.entries(clusterSettings).map(([key, row]) => [key, row.default]),
  );
  const given = {
    ...defaults,
    name: 'site1',
    root: '127.0.0.1:9',
    data,
    host: '127.0.0.1',
    port: 0,
    mqttPort: 0,
  };
  const config = given as unknown as Parameters<typeof startCluster>[0];
  const running = await startCluster(config, { clock: systemClock, log: silentLogger });
  t.after(() => running.stop());
  return async (...args: string[]) => {
    const result = { code: 0, out: '', err: '' };
    result.code = await runCli(args, {
      env: { HOME: data },
      out: text => {
        result.out += text;
      },
      err: text => {
        result.err += text;
      },
      read: async () => '',
      ask: async () => null,
    });
    return { ...result, url: running.url };
  };
}

test('a site without its root: its instances are listed, and one is removed there for good', async t => {
  const hedge = await cluster(t);
  const { url } = await hedge('--version');
  const listed = await hedge('instances', '--cluster', url);
  assert.equal(listed.code, 0, listed.err);
  assert.match(
    listed.out,
    /shop\.prod\.web\.prod +0123456789abcdef01234567\/0 +- +NO_WORKER_CAPACITY +needs 5 cores\n/,
  );
  const removed = await hedge('instances', 'rm', '--cluster', url, `${SERVICE}/0`);
  assert.deepEqual([removed.code, removed.err], [0, 'instance 0 of shop.prod.web.prod is being removed\n']);
  const [left] = JSON.parse((await hedge('instances', '--cluster', url, '--json')).out);
  assert.deepEqual([left.status, left.withdrawn], ['UNDEPLOYED', true]);
});

test('what is not there, and what is no instance', async t => {
  const hedge = await cluster(t);
  const { url } = await hedge('--version');
  const unknown = await hedge('instances', 'rm', '--cluster', url, `${SERVICE}/7`);
  assert.equal(unknown.code, 4);
  assert.match(unknown.err, /does not have instance 7 of service 0123456789abcdef01234567/);
  assert.equal((await hedge('instances', 'rm', '--cluster', url, 'web')).code, 2);
  assert.equal((await hedge('instances', 'rm', '--cluster', url)).code, 2);
  assert.match((await hedge('instances')).err, /--cluster/);
  assert.match((await hedge('instances', 'rm', '--help')).out, /Example:\n {2}hedge/);
});
