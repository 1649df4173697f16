/** A worker that comes back and says by digests what it has. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { DOWN, type DownTopic, digestTable } from '@hedgerow/protos';
import type { HandWorker } from '../testing/hand-worker.ts';
import { Site } from '../testing/site.ts';
import { turn, until } from '../testing/wait.ts';

let site: Site;
beforeEach(async () => {
  site = await Site.start();
});
afterEach(() => site.stop());

const stateOf = async ({ id }: HandWorker) => {
  const answer = (await (await fetch(`${site.cluster.url}/api/workers`)).json()) as {
    workers: { id: string; state: string }[];
  };
  return answer.workers.find(worker => worker.id === id)?.state;
};

/** What the worker was told since it came back, when all of it has arrived. */
async function told(worker: HandWorker): Promise<DownTopic[]> {
  await worker.publish('beat', '12345678');
  for (let n = 0; n < 20; n++) await turn();
  return worker.inbox.untaken(() => true).map(({ leaf }) => leaf);
}

/** A worker with one instance, and its connection cut. */
async function away(): Promise<HandWorker> {
  const worker = await site.worker();
  await site.place();
  await worker.run();
  await site.root.report('RUNNING');
  await until('it was told the table', () => worker.inbox.all.some(m => m.leaf === DOWN.tableResult));
  await worker.drop();
  await until('the loss is noticed', async () => (await stateOf(worker)) === 'suspect');
  worker.inbox.clear();
  return worker;
}

async function restartCluster(worker: HandWorker): Promise<void> {
  await site.cluster.stop();
  site.config = { ...site.config, mqttPort: Number(worker.registered.MQTT_BROKER_PORT) };
  await site.startCluster();
}

test('with nothing changed it is live at once, and nothing is said', async () => {
  const worker = await away();
  await worker.arrive();
  await until('it is live', async () => (await stateOf(worker)) === 'live');
  assert.deepEqual(await told(worker), []);
});

test('with another table it is told the whole table and nothing else', async () => {
  const worker = await away();
  await worker.arrive({ table: digestTable([]) });
  const { entries } = await worker.table();
  assert.equal(entries.length, 1);
  assert.deepEqual(await told(worker), []);
  assert.equal(await stateOf(worker), 'live');
});

test('with other instances it is asked for them', async () => {
  const worker = await away();
  await worker.arrive({ instances: 1 });
  await worker.next(DOWN.sync);
  await worker.sync();
  await until('it is live', async () => (await stateOf(worker)) === 'live');
  assert.equal(worker.waiting(DOWN.table), 0, 'the table that it has is the right one');
});

test('with other instances and another table it gets the table after its sync', async () => {
  const worker = await away();
  await worker.arrive({ instances: 1, table: 1 });
  await worker.next(DOWN.sync);
  assert.equal(worker.waiting(DOWN.table), 0);
  await worker.sync();
  await worker.table();
});

test('without digests it is asked when it beats, as long as nobody knows what it has', async () => {
  const worker = await away();
  await restartCluster(worker);
  await worker.arrive();
  await worker.publish('presence', { online: true });
  await until('it is live', async () => (await stateOf(worker)) === 'live');
  await worker.drop();
  await restartCluster(worker);
  const old = site.workers[0] as HandWorker;
  await old.arrive({ instances: 1 });
  await old.next(DOWN.sync);
});

describe('a worker that was given up', () => {
  test('is taken back when it has nothing, as is believed', async () => {
    const worker = await site.worker();
    await worker.drop();
    await until('the loss is noticed', async () => (await stateOf(worker)) === 'suspect');
    site.clock.advance(5000);
    await until('it is dead', async () => (await stateOf(worker)) === 'dead');
    await worker.arrive();
    await until('it is live', async () => (await stateOf(worker)) === 'live');
  });

  test('is not while it has what another one has by now', async () => {
    const worker = await away();
    const other = await site.worker({ host: 'worker2' });
    site.clock.advance(3000);
    await other.beat();
    site.clock.advance(2000);
    const order = await other.deploy();
    await worker.arrive();
    await worker.next(DOWN.sync);
    assert.equal(await stateOf(worker), 'dead');
    await worker.sync();
    await worker.remove();
    await other.say(order, 'RUNNING', '10.18.0.66');
    await site.root.report('RUNNING');
  });
});

describe('a restart of the cluster', () => {
  test('loses no order: what was not taken up is sent again', async () => {
    const worker = await site.worker();
    await worker.drop();
    await site.place();
    await restartCluster(worker);
    await worker.arrive();
    const order = await worker.deploy();
    await worker.say(order, 'RUNNING', '10.18.0.2');
    await site.root.report('RUNNING');
  });

  test('nor a removal', async () => {
    const worker = await away();
    site.root.send({
      remove: { service_id: 'aaaaaaaaaaaaaaaaaaaaaaaa', instance_number: 0, request_id: '' },
    });
    // answered after it
    await site.place({}, { instance_number: 1 });
    await restartCluster(worker);
    await worker.arrive();
    await worker.remove();
    await site.root.report('UNDEPLOYED');
  });

  test('that finds everything as it was says nothing', async () => {
    const worker = await away();
    site.clock.advance(300);
    await turn();
    await restartCluster(worker);
    await worker.arrive();
    await until('it is live', async () => (await stateOf(worker)) === 'live');
    assert.deepEqual(await told(worker), []);
  });
});
