/** What a cluster tells about itself, seen from outside, while workers and root are played by hand. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { HandWorker } from '../testing/hand-worker.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

let site: Site;
beforeEach(async () => {
  site = await Site.start();
});
afterEach(() => site.stop());

const LABELS = 'application="shop.test",service="web.test",instance_number="0"';

async function page(): Promise<string[]> {
  const answer = await fetch(`${site.cluster.url}/metrics`);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  return (await answer.text())
    .split('\n')
    .map(line => line.replace(/,?cluster="site1"\}/, '}').replace('{}', ''));
}

/** @param series with its labels; the value as text */
async function value(series: string): Promise<string | undefined> {
  const found = (await page()).find(line => line.startsWith(`${series} `));
  return found?.slice(series.length + 1);
}

async function pass(seconds: number, ...beating: HandWorker[]): Promise<void> {
  for (let n = 0; n < seconds; n++) {
    site.clock.advance(1000);
    for (const worker of beating) await worker.beat();
  }
}

async function ready(): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${site.cluster.url}/readyz`);
  return { status: answer.status, body: await answer.json() };
}

describe('metrics of a cluster', () => {
  test('workers: their state, what they offer and have free, when they were heard', async () => {
    const worker = await site.worker();
    await site.place({ memory: 1000 });
    const labels = `worker="worker1",worker_id="${worker.id}"`;
    assert.equal(await value('hedgerow_cluster_workers{state="live"}'), '1');
    assert.equal(await value(`hedgerow_cluster_worker_state{${labels},state="live"}`), '1');
    assert.equal(
      await value(`hedgerow_cluster_worker_offered_memory_bytes{${labels}}`),
      String(4000 * 2 ** 20),
    );
    assert.equal(await value(`hedgerow_cluster_worker_free_memory_bytes{${labels}}`), String(3000 * 2 ** 20));
    assert.equal(await value(`hedgerow_cluster_worker_free_vcpus{${labels}}`), '3');
    assert.equal(await value(`hedgerow_cluster_worker_instances{${labels}}`), '1');
    const seen = await value(`hedgerow_cluster_worker_last_seen_timestamp_seconds{${labels}}`);
    assert.equal(Number(seen), site.clock.now() / 1000);
  });

  test('an instance: state and restarts, until it is gone', async () => {
    const worker = await site.worker();
    await site.place();
    const order = await worker.run();
    await site.root.report('RUNNING');
    const running = `hedgerow_cluster_instance_status{${LABELS},worker="worker1",status="RUNNING"}`;
    const restarts = `hedgerow_cluster_instance_restarts_total{${LABELS}}`;
    assert.equal(await value(running), '1');
    assert.equal(await value(restarts), '0');
    for (const status of ['FAILED', 'CREATING', 'RUNNING', 'FAILED']) await worker.say(order, status);
    await until('both ends are counted', async () => (await value(restarts)) === '2');
    assert.equal(await value(running), undefined);
    assert.equal(await value('hedgerow_cluster_instances{status="FAILED"}'), '1');
    const { service_id, instance_number } = { service_id: order._id, instance_number: 0 };
    site.root.send({ remove: { service_id, instance_number, request_id: '' } });
    await worker.next('control/delete');
    await worker.say(order, 'UNDEPLOYED');
    await until('it is gone', async () => (await value(restarts)) === undefined);
    assert.equal(await value('hedgerow_cluster_restarts_total'), '2');
  });

  test('placements by result, messages by topic and kind', async () => {
    const worker = await site.worker();
    await site.place();
    await worker.deploy();
    await site.place({ memory: 1e6 }, { instance_number: 1 });
    assert.equal(await value('hedgerow_cluster_placements_total{result="accepted"}'), '1');
    assert.equal(await value('hedgerow_cluster_placements_total{result="NO_WORKER_CAPACITY"}'), '1');
    assert.equal(await value('hedgerow_mqtt_messages_sent_total{topic="control/deploy"}'), '1');
    assert.equal(await value('hedgerow_mqtt_messages_received_total{topic="sync"}'), '1');
    assert.equal(await value('hedgerow_mqtt_messages_unsent'), '0');
    assert.equal(await value('hedgerow_link_messages_received_total{kind="place"}'), '2');
    assert.equal(await value('hedgerow_link_messages_received_total{kind="welcome"}'), '1');
    assert.equal(await value('hedgerow_link_messages_sent_total{kind="place_answer"}'), '2');
    assert.equal(await value('hedgerow_link_messages_sent_total{kind="hello"}'), '1');
    assert.equal(await value('hedgerow_cluster_root_connected'), '1');
    assert.equal(await value('hedgerow_cluster_root_connects_total'), '1');
  });

  test('a lost worker, and what is placed again because of it', async () => {
    const first = await site.worker();
    await site.place();
    await first.run();
    const second = await site.worker({ host: 'worker2' });
    await first.drop();
    await pass(6, second);
    await second.deploy();
    assert.equal(await value('hedgerow_cluster_workers_lost_total'), '1');
    assert.equal(await value('hedgerow_cluster_replacements_total'), '1');
    assert.equal(await value('hedgerow_cluster_workers{state="dead"}'), '1');
  });

  test('an order that is not taken up is over its deadline', async () => {
    const worker = await site.worker();
    await site.place();
    await worker.deploy();
    const deadlines = 'hedgerow_cluster_deadlines_total{status="NODE_SCHEDULED"}';
    assert.equal(await value(deadlines), '0');
    await pass(16, worker);
    assert.equal(await value(deadlines), '1');
  });

  test('requests by route', async () => {
    await fetch(`${site.cluster.url}/api/workers`);
    await fetch(`${site.cluster.url}/api/workers/0123456789abcdef01234567`, { method: 'DELETE' });
    const requests = (method: string, route: string, status: string) =>
      value(`hedgerow_http_requests_total{method="${method}",route="${route}",status="${status}"}`);
    assert.equal(await requests('GET', '/api/workers', '2xx'), '1');
    assert.equal(await requests('DELETE', '/api/workers/{id}', '4xx'), '1');
  });
});

describe('readiness of a cluster', () => {
  test('goes on without its root, and says that it is away', async () => {
    assert.deepEqual(await ready(), { status: 200, body: { status: 'ready', reasons: [], degraded: [] } });
    await site.root.stop();
    const degraded = { status: 'ready', reasons: [], degraded: ['the root is out of reach'] };
    await until('the root is missed', async () => {
      const { status, body } = await ready();
      return status === 200 && JSON.stringify(body) === JSON.stringify(degraded);
    });
  });
});

test('metrics for those who have the token', async () => {
  await site.cluster.stop();
  site.config = { ...site.config, metricsToken: 'secret' };
  await site.startCluster();
  const url = `${site.cluster.url}/metrics`;
  assert.equal((await fetch(url)).status, 401);
  assert.equal((await fetch(url, { headers: { authorization: 'Bearer secret' } })).status, 200);
});
