/** Nobody answers: more likely this cluster was cut off than that all machines have died. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { DOWN, type TableEntry, type TablePayload } from '@hedgerow/protos';
import type { HandWorker } from '../testing/hand-worker.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

let site: Site;
let workers: [HandWorker, HandWorker];

beforeEach(async () => {
  site = await Site.start();
  const first = await site.worker();
  await site.place();
  await first.run('10.18.0.2');
  await site.root.report('RUNNING');
  const second = await site.worker({ host: 'worker2' });
  await site.place({}, { instance_number: 1 });
  await second.run('10.18.0.66');
  await site.root.report('RUNNING');
  workers = [first, second];
});
afterEach(() => site.stop());

async function pass(seconds: number, ...beating: HandWorker[]): Promise<void> {
  for (let n = 0; n < seconds; n++) {
    site.clock.advance(1000);
    await setImmediate();
    for (const worker of beating) await worker.beat();
  }
}

interface Shown {
  worker_id: string;
  epoch: number;
  status: string;
}

async function shown(): Promise<[worker: string, epoch: number, status: string][]> {
  const answer = await fetch(`${site.cluster.url}/api/instances`);
  const { instances } = (await answer.json()) as { instances: Shown[] };
  return instances.map(({ worker_id, epoch, status }) => [worker_id, epoch, status]);
}

const addresses = (entries: TableEntry[]): string[] =>
  entries.flatMap(({ instances }) => instances.map(i => i.namespace_ip));

/** The whole table that it was told last. */
async function tableAfter(worker: HandWorker): Promise<TablePayload> {
  const has = ({ entries }: TablePayload) => addresses(entries).length > 1;
  for (let table = await worker.table(); ; table = await worker.table()) if (has(table)) return table;
}

const states = async (): Promise<string[]> => {
  const answer = await fetch(`${site.cluster.url}/api/workers`);
  return ((await answer.json()) as { workers: { state: string }[] }).workers.map(({ state }) => state);
};

async function restart(): Promise<void> {
  for (const worker of workers) await worker.drop();
  await site.cluster.stop();
  site.config = { ...site.config, mqttPort: Number(workers[0].registered.MQTT_BROKER_PORT) };
  await site.startCluster();
}

test('a cut of half a minute moves nothing', async () => {
  const [first, second] = workers;
  const before = await shown();
  await pass(25);
  assert.deepEqual(await states(), ['suspect', 'suspect']);
  await pass(2, first, second);
  assert.deepEqual(await states(), ['live', 'live']);
  assert.deepEqual(await shown(), before);
  assert.equal(first.waiting(DOWN.deploy) + second.waiting(DOWN.deploy), 0);
});

test('after a long one the first worker that is back gets nothing of those who follow', async () => {
  const [first, second] = workers;
  const before = await shown();
  await pass(120);
  assert.deepEqual(await states(), ['dead', 'dead']);
  assert.deepEqual(
    (await shown()).map(([, , status]) => status),
    ['NO_WORKER_CAPACITY', 'NO_WORKER_CAPACITY'],
  );
  await first.sync();
  await pass(15, first);
  assert.equal(first.waiting(DOWN.deploy), 0);
  await second.sync();
  await until('both are as they were', async () => (await shown()).join() === before.join());
  assert.equal(first.waiting(DOWN.deploy) + second.waiting(DOWN.deploy), 0);
  assert.equal(first.waiting(DOWN.delete) + second.waiting(DOWN.delete), 0);
});

test('while they are awaited others are led to what they run, and no longer than that', async () => {
  const [first] = workers;
  await pass(120);
  first.inbox.clear();
  await first.sync();
  const { entries } = await tableAfter(first);
  assert.deepEqual(addresses(entries), ['10.18.0.2', '10.18.0.66']);
  await pass(32, first);
  const told = await first.tableResult(r => !r.instance_list.some(i => i.namespace_ip === '10.18.0.66'));
  assert.ok(told.instance_list.some(i => i.namespace_ip === '10.18.0.2'));
});

test('who does not follow in time is replaced', async () => {
  const [first] = workers;
  await pass(120);
  await first.sync();
  await pass(32, first);
  const order = await first.deploy();
  assert.deepEqual([order.instance_number, order.epoch], [1, 2]);
});

test('one that is silent while another one answers is replaced as ever', async () => {
  const [, second] = workers;
  await pass(6, second);
  const order = await second.deploy();
  assert.deepEqual([order.instance_number, order.epoch], [0, 2]);
});

test('after a restart in the middle of it, too', async () => {
  const [first, second] = workers;
  const before = await shown();
  await pass(120);
  await restart();
  await first.arrive();
  await first.sync();
  await pass(2, first);
  assert.equal(first.waiting(DOWN.deploy), 0);
  await second.arrive();
  await second.sync();
  await until('both are as they were', async () => (await shown()).join() === before.join());
  assert.equal(first.waiting(DOWN.deploy) + second.waiting(DOWN.deploy), 0);
  assert.equal(first.waiting(DOWN.delete) + second.waiting(DOWN.delete), 0);
});

test('who is not back in time after such a restart is replaced', async () => {
  const [first] = workers;
  await pass(120);
  await restart();
  await first.arrive();
  await first.sync();
  await pass(35, first);
  const order = await first.deploy();
  assert.deepEqual([order.instance_number, order.epoch], [1, 2]);
});
