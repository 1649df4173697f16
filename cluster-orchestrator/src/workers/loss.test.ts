/** Workers that fall silent, die, come back, or have something else than the cluster believes. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { DOWN, UP } from '@hedgerow/protos';
import type { HandWorker } from '../testing/hand-worker.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

let site: Site;
beforeEach(async () => {
  site = await Site.start();
});
afterEach(() => site.stop());

const stateOf = async (worker: HandWorker): Promise<string | undefined> => {
  const answer = await fetch(`${site.cluster.url}/api/workers`);
  const { workers } = (await answer.json()) as { workers: { id: string; state: string }[] };
  return workers.find(({ id }) => id === worker.id)?.state;
};

/** Turns the clock by seconds; these workers go on beating. */
async function pass(seconds: number, ...beating: HandWorker[]): Promise<void> {
  for (let n = 0; n < seconds; n++) {
    site.clock.advance(1000);
    for (const worker of beating) await worker.beat();
  }
}

describe('a silent worker', () => {
  test('is probed, and what ran there runs elsewhere 5 s after its last sign of life', async () => {
    const first = await site.worker();
    await site.place();
    await first.run();
    await site.root.report('RUNNING');
    const second = await site.worker({ host: 'worker2' });
    await pass(4, second);
    await first.next(DOWN.probe);
    assert.equal(await stateOf(first), 'suspect');
    assert.equal(second.waiting(DOWN.deploy), 0);
    await pass(1, second);
    const order = await second.deploy();
    assert.deepEqual([order.epoch, await stateOf(first)], [2, 'dead']);
    const report = await site.root.report('NODE_SCHEDULED');
    assert.equal(report.epoch, 1);
    await second.say(order, 'RUNNING', '10.18.0.66');
    const moved = await site.root.report('RUNNING');
    assert.deepEqual([moved.worker_id, moved.epoch], [second.id, 2]);
  });

  test('that answers the probe keeps everything', async () => {
    const worker = await site.worker();
    await site.place();
    await worker.run();
    for (let n = 0; n < 10; n++) {
      site.clock.advance(4900);
      await worker.next(DOWN.probe);
      await worker.beat();
    }
    assert.equal(await stateOf(worker), 'live');
    assert.equal(worker.waiting(DOWN.deploy) + worker.waiting(DOWN.delete), 0);
  });

  test('keeps what nobody else has room for, when it comes back', async () => {
    const worker = await site.worker();
    await site.place();
    const order = await worker.run();
    await site.root.report('RUNNING');
    site.clock.advance(5000);
    const waits = await site.root.report('NO_QUALIFIED_WORKER_FOUND');
    assert.equal(
      waits.status_detail,
      'worker worker1 gave no sign of life for 5 s; no worker of this cluster is live (registered: worker1)',
    );
    assert.equal(waits.worker_id, '');
    await worker.beat();
    await worker.next(DOWN.sync);
    await worker.sync();
    const back = await site.root.report('RUNNING');
    assert.deepEqual([back.worker_id, back.epoch, back.namespace_ip], [worker.id, order.epoch, '10.18.0.2']);
    assert.equal(worker.waiting(DOWN.deploy) + worker.waiting(DOWN.delete), 0);
  });

  test('whose copy was replaced is told to remove it, and only that', async () => {
    const first = await site.worker();
    await site.place();
    await first.run();
    await site.place({ memory: 3900, service_id: 'dddddddddddddddddddddddd' });
    await first.run();
    const second = await site.worker({ host: 'worker2', memory: 1000 });
    await pass(5, second);
    const moved = await second.run('10.18.0.66');
    assert.equal(moved.service_id, 'aaaaaaaaaaaaaaaaaaaaaaaa');
    await first.sync();
    const removal = await first.remove();
    assert.equal(removal.service_id, 'aaaaaaaaaaaaaaaaaaaaaaaa');
    await first.beat();
    assert.equal(first.waiting(DOWN.delete) + first.waiting(DOWN.deploy), 0);
    assert.equal(await stateOf(first), 'live');
  });

  test('frees at once what was going away there', async () => {
    const worker = await site.worker();
    await site.place();
    await worker.run();
    site.root.send({
      remove: { service_id: 'aaaaaaaaaaaaaaaaaaaaaaaa', instance_number: 0, request_id: '' },
    });
    await worker.next(DOWN.delete);
    site.clock.advance(5000);
    await site.root.report('UNDEPLOYED');
    await worker.sync();
    await worker.remove();
  });
});

describe('a worker whose process ends', () => {
  for (const how of ['drop', 'leave'] as const) {
    test(`(${how}) keeps its instances if it is back in time`, async () => {
      const worker = await site.worker();
      await site.place();
      await worker.run();
      if (how === 'leave') await worker.publish(UP.presence, { online: false });
      await worker[how]();
      await until('it is missed', () => stateOf(worker).then(state => state === 'suspect'));
      site.clock.advance(4000);
      await worker.connect();
      await worker.table();
      site.clock.advance(3000);
      await worker.beat();
      assert.equal(await stateOf(worker), 'live');
      assert.equal(worker.waiting(DOWN.deploy) + worker.waiting(DOWN.delete), 0);
    });
  }

  test('loses them 5 s after it went', async () => {
    const first = await site.worker();
    await site.place();
    await first.run();
    const second = await site.worker({ host: 'worker2' });
    await first.drop();
    await until('it is missed', () => stateOf(first).then(state => state === 'suspect'));
    await pass(5, second);
    assert.equal((await second.deploy()).epoch, 2);
  });
});

describe('an instance without a worker', () => {
  test('is placed as soon as a worker joins', async () => {
    const first = await site.worker();
    await site.place();
    await first.run();
    await first.drop();
    await until('it is missed', () => stateOf(first).then(state => state === 'suspect'));
    site.clock.advance(5000);
    await site.root.report('NO_QUALIFIED_WORKER_FOUND');
    const second = await site.worker({ host: 'worker2' });
    assert.equal((await second.deploy()).epoch, 2);
  });

  test('is placed as soon as another one makes room', async () => {
    const first = await site.worker();
    await site.place({ memory: 3000 });
    await first.run();
    const second = await site.worker({ host: 'worker2' });
    const other = 'dddddddddddddddddddddddd';
    assert.equal((await site.place({ service_id: other, memory: 3000 })).worker_id, second.id);
    await second.run();
    await pass(5, second);
    const waits = await site.root.report('NO_WORKER_CAPACITY');
    assert.match(waits.status_detail, /needs 3000 MiB; the roomiest of 1 worker has 1000 MiB free$/);
    site.root.send({ remove: { service_id: other, instance_number: 0, request_id: '' } });
    await second.remove();
    assert.equal((await second.deploy()).service_id, 'aaaaaaaaaaaaaaaaaaaaaaaa');
  });

  test('is given up when the root asks for it again and there is still no room', async () => {
    const worker = await site.worker();
    await site.place();
    await worker.run();
    site.clock.advance(5000);
    await site.root.report('NO_QUALIFIED_WORKER_FOUND');
    const answer = await site.place();
    assert.deepEqual([answer.accepted, answer.status], [false, 'NO_QUALIFIED_WORKER_FOUND']);
    await worker.sync();
    await worker.remove();
    assert.equal(worker.waiting(DOWN.deploy), 0);
  });
});

describe('what a worker has and what the cluster believes', () => {
  test('two beats with another hash make the cluster ask', async () => {
    const worker = await site.worker();
    await site.place();
    const order = await worker.run();
    await site.root.report('RUNNING');
    worker.lose(order);
    await worker.beat();
    await worker.publish(UP.information, { cpu_percent: 1, memory_percent: 2 });
    assert.equal(worker.waiting(DOWN.sync), 0);
    await worker.beat();
    await worker.next(DOWN.sync);
    await worker.sync();
    const again = await worker.deploy();
    assert.deepEqual([again.service_id, again.epoch], [order.service_id, 1]);
    assert.equal((await site.root.report('NODE_SCHEDULED')).worker_id, worker.id);
  });

  test('an instance that the cluster does not know is removed', async () => {
    const worker = await site.worker();
    await site.place();
    const order = await worker.deploy();
    await worker.say({ ...order, service_id: 'eeeeeeeeeeeeeeeeeeeeeeee' }, 'RUNNING');
    assert.equal((await worker.remove()).service_id, 'eeeeeeeeeeeeeeeeeeeeeeee');
  });

  test('usage goes to the root and changes no status', async () => {
    const worker = await site.worker();
    await site.place();
    const order = await worker.deploy();
    await worker.publish(UP.jobsResources, {
      services: [
        {
          job_name: order.job_name,
          service_id: order.service_id,
          instance: 0,
          cpu_percent: '1.5',
          memory_percent: '2',
          disk: '3',
          logs: 'hi',
          virtualization: 'docker',
        },
        {
          job_name: 'x',
          service_id: 'x',
          instance: 0,
          cpu_percent: '1',
          memory_percent: '',
          disk: '',
          logs: '',
          virtualization: '',
        },
      ],
    });
    const used = (m: { reports?: { reports: { cpu_percent: string }[] } }) =>
      m.reports?.reports[0]?.cpu_percent === '1.5';
    const report = (await site.root.inbox.take('usage', used)).reports?.reports[0];
    assert.deepEqual([report?.status, report?.logs, report?.disk], ['NODE_SCHEDULED', 'hi', '3']);
  });

  const bad: [leaf: string, payload: string][] = [
    [UP.job, 'not json'],
    [UP.job, '[]'],
    [UP.job, '{"service_id":"x"}'],
    [UP.job, '{"service_id":"x","instance":"0","status":"RUNNING"}'],
    [UP.beat, '123'],
    [UP.sync, '{"instances":5}'],
    [UP.sync, '{"instances":[5]}'],
    [UP.presence, '{}'],
    [UP.jobsResources, '{"services":null,"x":1}'],
    [UP.jobsResources, '{"services":[null]}'],
    [UP.tableQuery, '{}'],
    [UP.information, '{"cpu_percent":"much"}'],
  ];
  test('messages that make no sense cost nothing', async () => {
    const worker = await site.worker();
    for (const [leaf, payload] of bad) await worker.publish(leaf, payload);
    await site.place();
    await worker.run();
    await site.root.report('RUNNING');
  });
});

describe('a restart of the cluster', () => {
  test('moves nothing: workers have time to come back, and what runs is believed', async () => {
    const worker = await site.worker();
    await site.place();
    await worker.run();
    await site.root.report('RUNNING');
    await site.cluster.stop();
    site.config = { ...site.config, mqttPort: Number(worker.registered.MQTT_BROKER_PORT) };
    await site.startCluster();
    const told = site.root.inbox.all.findLast(message => message.list)?.list;
    assert.deepEqual(
      told?.instances.map(i => [i.status, i.worker_id, i.epoch, i.namespace_ip]),
      [['RUNNING', worker.id, 1, '10.18.0.2']],
    );
    site.clock.advance(20_000);
    worker.inbox.clear();
    await worker.connect();
    const { entries } = await worker.table();
    assert.deepEqual(
      entries.map(entry => entry.instances.map(i => i.namespace_ip)),
      [['10.18.0.2']],
    );
    assert.equal(worker.waiting(DOWN.deploy) + worker.waiting(DOWN.delete), 0);
    assert.equal(await stateOf(worker), 'live');
  });
});
