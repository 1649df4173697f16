/** What the root tells about clusters and instances, while clusters are played by hand. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openSqlite, silentLogger } from '@hedgerow/common';
import { MetricRegistry } from '@hedgerow/common/metrics';
import { type Coordinated, coordinated } from '../clusters/testing/coordinated.ts';
import { report } from '../clusters/testing/link-client.ts';
import { startTestRoot } from '../testing/root.ts';
import { microservice } from '../testing/slas.ts';

let registry: MetricRegistry;
let root: Coordinated;
beforeEach(async () => {
  registry = new MetricRegistry(silentLogger);
  root = await coordinated({ metrics: registry });
});
afterEach(() => root.stop());

/** Waits for what sends no event to the test. */
async function becomes(series: string, wanted: string): Promise<void> {
  const until = performance.now() + 3000;
  while ((await value(series)) !== wanted) {
    assert.ok(performance.now() < until, `${series} stays ${await value(series)}`);
    await new Promise(resolve => setImmediate(resolve));
  }
}

async function value(series: string): Promise<string | undefined> {
  const line = (await registry.text()).split('\n').find(text => text.startsWith(`${series} `));
  return line?.slice(series.length + 1);
}

const web = microservice('web', { vcpus: 1, memory: 100 });
const LABELS = 'application="shop.test",service="web.test",instance_number="0"';

describe('metrics of the root', () => {
  test('an instance: how long it took to run, its state, its restarts, until it is gone', async () => {
    const site = await root.cluster('site1');
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    const place = await site.next('place');
    assert.equal(await value('hedgerow_root_queued_instances{queue="asked"}'), '1');
    root.clock.advance(2000);
    site.accept(place);
    const seen = (status: string, more: object = {}) => site.report(report(place, { status, ...more }));
    seen('RUNNING', { cpu_percent: '12.50', memory_percent: '3.00' });
    await site.settled();
    const labels = `${LABELS},cluster="site1"`;
    assert.equal(await value(`hedgerow_root_instance_status{${labels},status="RUNNING"}`), '1');
    assert.equal(await value(`hedgerow_root_instance_cpu_ratio{${labels}}`), '0.125');
    assert.equal(await value(`hedgerow_root_instance_memory_ratio{${labels}}`), '0.03');
    assert.equal(await value('hedgerow_root_instances{status="RUNNING"}'), '1');
    assert.equal(await value('hedgerow_root_instances{status="DEAD"}'), '0');
    assert.equal(await value('hedgerow_root_deploy_duration_seconds_sum'), '2');
    assert.equal(await value(`hedgerow_root_instance_restarts_total{${labels}}`), '0');
    for (const status of ['FAILED', 'RUNNING', 'FAILED']) {
      seen(status);
      await site.settled();
    }
    assert.equal(await value(`hedgerow_root_instance_restarts_total{${labels}}`), '2');
    assert.equal(await value('hedgerow_root_deploy_duration_seconds_count'), '1', 'only its first start');
    await root.remove(id);
    seen('UNDEPLOYED');
    await root.becomes(id, instance => instance === null);
    assert.equal(await value(`hedgerow_root_instance_restarts_total{${labels}}`), undefined);
    assert.equal(await value('hedgerow_root_instances{status="DEAD"}'), '0');
  });

  test('clusters: connected or not, and what they have', async () => {
    const site = await root.cluster('site1');
    site.aggregate({ active_nodes: 2, cpu_percent: 40, memory: 2048, free_memory: 1024 });
    await site.settled();
    const of = (name: string) => value(`hedgerow_root_cluster_${name}{cluster="site1"}`);
    assert.equal(await of('connected'), '1');
    assert.equal(await of('workers'), '2');
    assert.equal(await of('cpu_ratio'), '0.4');
    assert.equal(await of('free_memory_bytes'), String(1024 * 2 ** 20));
    assert.equal(await value('hedgerow_root_leading'), '1');
    site.close();
    await becomes('hedgerow_root_cluster_connected{cluster="site1"}', '0');
  });

  test('who was asked, who refused and why, and what was said on the streams', async () => {
    const site = await root.cluster('site1');
    const [service] = await root.application('shop', web);
    await root.instance(service);
    site.refuse(await site.next('place'));
    await site.settled();
    assert.equal(await value('hedgerow_root_placements_asked_total'), '1');
    assert.equal(await value('hedgerow_root_placements_refused_total{reason="NO_WORKER_CAPACITY"}'), '1');
    assert.equal(await value('hedgerow_link_messages_received_total{kind="hello"}'), '1');
    assert.equal(await value('hedgerow_link_messages_sent_total{kind="welcome"}'), '1');
    assert.equal(await value('hedgerow_link_messages_sent_total{kind="place"}'), '1');
    assert.equal(await value('hedgerow_root_queued_instances{queue="waiting"}'), '1');
    assert.ok(Number(await value('hedgerow_loop_runs_total{loop="comparison"}')) >= 1);
    assert.equal(await value('hedgerow_loop_failures_total{loop="comparison"}'), '0');
  });

  test('an instance that no cluster can be asked for', async () => {
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    await root.becomesStatus(id, 'NoActiveClusterWithCapacity');
    const reason = 'NoActiveClusterWithCapacity';
    assert.equal(await value(`hedgerow_root_placements_refused_total{reason="${reason}"}`), '1');
  });
});

describe('seen over HTTP', () => {
  test('refused logins, requests by route, readiness with the reason', async t => {
    const store = openSqlite({ file: ':memory:', durability: 'normal' });
    const api = await startTestRoot({ store });
    t.after(() => api.stop());
    const token = await api.login();
    await api.call('POST', '/api/auth/login', { username: 'Admin', password: 'wrong' });
    await api.call('GET', '/api/application/0123456789abcdef01234567', undefined, token);
    const { body } = await api.call('GET', '/metrics');
    assert.match(body, /^hedgerow_root_logins_failed_total 1$/m);
    const requests =
      /^hedgerow_http_requests_total\{method="GET",route="\/api\/application\/\{id\}",status="4xx"\} 1$/m;
    assert.match(body, requests);
    assert.deepEqual((await api.call('GET', '/readyz')).body, { status: 'ready', reasons: [], degraded: [] });
    await store.close();
    const unready = await api.call('GET', '/readyz/');
    assert.equal(unready.status, 503);
    assert.match(unready.body.reasons[0], /^the store does not answer/);
    assert.deepEqual((await api.call('GET', '/healthz')).body, { status: 'ok' });
  });

  test('metrics for those who have the token', async t => {
    const api = await startTestRoot({ config: { metricsToken: 'secret' } });
    t.after(() => api.stop());
    assert.equal((await api.call('GET', '/metrics')).status, 401);
    assert.equal((await api.call('GET', '/metrics', undefined, 'secret')).status, 200);
  });
});
