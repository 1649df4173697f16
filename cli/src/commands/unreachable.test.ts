import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Document, openSqlite, silentLogger, systemClock } from '@hedgerow/common';
import demo from '@hedgerow/examples/demo.json' with { type: 'json' };
import { rootSettings, startRoot } from '@hedgerow/root-orchestrator';
import { runCli } from '../app.ts';

const CLUSTER = '0123456789abcdef01234567';
const NGINX = 'clientsrvr.test.nginx.test';
/** epoch s, when the cluster was heard last */
const HEARD = Date.UTC(2026, 0, 2, 3, 4, 5, 600) / 1000;
const CAVEAT = 'as last heard at 2026-01-02T03:04:05.600Z: cluster site1 is unreachable';

const SITE = {
  ...{ id: CLUSTER, name: 'site1', location: '', address: '127.0.0.1', port: 1, connected_epoch: -1 },
  last_modified_timestamp: HEARD,
  aggregate: {
    ...{ active_nodes: 0, cpu_percent: 0, memory_percent: 0, vcpus: 0, memory: 0, vgpus: 0 },
    ...{ free_vcpus: 0, free_memory: 0, largest_free_vcpus: 0, largest_free_memory: 0 },
    ...{ virtualization: [], architecture: [], workers: [] },
  },
};

async function start(data: string) {
  const defaults = Object.fromEntries(Object.entries(rootSettings).map(([key, row]) => [key, row.default]));
  const config = { ...defaults, port: 0, data } as Parameters<typeof startRoot>[0];
  return startRoot(config, { clock: systemClock, log: silentLogger });
}

/** nginx/0 runs, says the cluster before it falls silent; of the application's other service nothing is placed. */
async function place(data: string): Promise<void> {
  const store = openSqlite({ file: join(data, 'root.sqlite'), durability: 'full' });
  await store.collection<Document>('clusters', []).insert(SITE);
  const instances = store.collection<Document & Record<string, unknown>>('instances', []);
  const found = (await instances.find()).find(({ job_name }) => job_name === NGINX);
  assert.ok(found);
  const now = { status: 'RUNNING', status_detail: '', cluster_id: CLUSTER };
  await instances.replace({ ...found, ...now }, found.revision);
  await store.close();
}

/** A root that came back, its cluster not. @returns runs a command line against it */
async function fleet(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'hedge-cli-unreachable-'));
  t.after(() => rmSync(home, { recursive: true }));
  let { url, stop } = await start(home);
  const hedge = async (...args: string[]) => {
    const result = { code: 0, out: '', err: '' };
    result.code = await runCli(args, {
      env: { HOME: home, HEDGE_URL: url },
      out: text => {
        result.out += text;
      },
      err: text => {
        result.err += text;
      },
      read: async () => (args[0] === 'login' ? 'Admin' : JSON.stringify(demo)),
      ask: async () => null,
    });
    return result;
  };
  assert.equal((await hedge('login', '--password-stdin')).code, 0);
  assert.equal((await hedge('deploy', '-', '--no-wait')).code, 0);
  await stop();
  await place(home);
  ({ url, stop } = await start(home));
  t.after(() => stop());
  assert.equal((await hedge('login', '--password-stdin')).code, 0);
  return hedge;
}

test('what runs in a cluster that the root cannot reach is said to have run when it was heard last', async t => {
  const hedge = await fleet(t);
  const why = await hedge('why', 'nginx');
  assert.equal(why.code, 0, why.err);
  assert.ok(why.out.startsWith(`${NGINX}/0 is RUNNING (${CAVEAT})\n`), why.out);
  assert.doesNotMatch(why.out, /so far/);
  assert.equal(JSON.parse((await hedge('why', 'nginx', '--json')).out).caveat, CAVEAT);
  const { out } = await hedge('ps');
  assert.ok(out.includes(`${CAVEAT}\n`), out);
  assert.equal(out.split('site1').length, 2, 'nobody doubts what is placed nowhere');
});

test('what is removed there runs on until the cluster is back, and that is said', async t => {
  const hedge = await fleet(t);
  const { code, err } = await hedge('rm', 'clientsrvr');
  assert.deepEqual(
    [code, err],
    [0, 'removed application clientsrvr.test\n1 instance will be removed when cluster site1 is back\n'],
  );
});
