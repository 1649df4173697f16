/** Copies, claims and returns: whose an instance is, and what follows for the copies of it. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Logger, silentLogger } from '@hedgerow/common';
import { DOWN, type Move, type TablePayload, type TableResultPayload, UP } from '@hedgerow/protos';
import { startHandRoot } from '../testing/hand-root.ts';
import type { HandWorker } from '../testing/hand-worker.ts';
import { makeJob } from '../testing/makers.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

const REF = { service_id: 'aaaaaaaaaaaaaaaaaaaaaaaa', instance_number: 0 };

let site: Site;
let lines: string[];
beforeEach(async () => {
  lines = [];
  const note = (_: object, message = '') => void lines.push(message);
  const log: Logger = { ...silentLogger, info: note, warn: note, error: note, child: () => log };
  site = await Site.start({}, log);
});
afterEach(() => site.stop());

async function pass(seconds: number, ...beating: HandWorker[]): Promise<void> {
  for (let n = 0; n < seconds; n++) {
    site.clock.advance(1000);
    for (const worker of beating) await worker.beat();
  }
}

interface Shown {
  worker_id: string;
  status: string;
  epoch: number;
}

async function shown(): Promise<Shown | undefined> {
  const answer = await fetch(`${site.cluster.url}/api/instances`);
  return ((await answer.json()) as { instances: Shown[] }).instances[0];
}

async function leaks(): Promise<string[]> {
  const text = await (await fetch(`${site.cluster.url}/metrics`)).text();
  return text.split('\n').filter(line => line.startsWith('hedgerow_cluster_leaks{'));
}

const reserved = async (): Promise<number[]> => {
  const answer = await fetch(`${site.cluster.url}/api/workers`);
  const { workers } = (await answer.json()) as { workers: { reserved: { memory: number } }[] };
  return workers.map(worker => worker.reserved.memory);
};

/** Where the tables of a worker led to, in the order that it was told. */
function ledTo({ inbox }: HandWorker): string[] {
  return inbox.all.flatMap(({ leaf, text }) => {
    if (leaf === DOWN.table) {
      const { entries } = JSON.parse(text) as TablePayload;
      return entries.flatMap(entry => entry.instances.map(i => i.namespace_ip));
    }
    if (leaf !== DOWN.tableResult) return [];
    return (JSON.parse(text) as TableResultPayload).instance_list.map(i => i.namespace_ip);
  });
}

/** An instance of the first runs on the second worker by now. */
async function moved(): Promise<{ first: HandWorker; second: HandWorker }> {
  const first = await site.worker();
  await site.place();
  await first.run('10.18.0.2');
  await site.root.report('RUNNING');
  const second = await site.worker({ host: 'worker2' });
  await pass(5, second);
  await second.run('10.18.0.66');
  await until('it runs there', async () => (await shown())?.status === 'RUNNING');
  return { first, second };
}

describe('a worker that returns', () => {
  test('is told to remove a replaced copy first of all, and no table names that copy again', async () => {
    const { first, second } = await moved();
    const third = await site.worker({ host: 'worker3' });
    await site.place({}, { instance_number: 1 });
    await third.run('10.18.0.130');
    await until('it runs', async () => site.root.inbox.untaken(m => Boolean(m.reports)).length > 0);
    for (const worker of [first, second, third]) worker.inbox.all.length = 0;
    await first.sync();
    await first.remove();
    await pass(2, first, second, third);
    assert.equal(first.inbox.all[0]?.leaf, DOWN.delete);
    for (const worker of [first, second, third]) assert.ok(!ledTo(worker).includes('10.18.0.2'));
    assert.deepEqual([(await shown())?.worker_id, (await shown())?.epoch], [second.id, 2]);
  });

  test('after it was frozen says late what was, and changes nothing', async () => {
    const { first, second } = await moved();
    const late = makeJob({ epoch: 1, namespace_ip: '10.18.0.2' });
    for (const status of ['RUNNING', 'FAILED', 'DEAD', 'UNDEPLOYED'])
      await first.publish(UP.job, { ...late, status });
    await first.publish(UP.job, { ...late, epoch: 99, status: 'COMPLETED' });
    await first.beat();
    assert.deepEqual(await shown(), {
      ...(await shown()),
      worker_id: second.id,
      status: 'RUNNING',
      epoch: 2,
    });
    await first.next(DOWN.sync);
    await first.sync();
    await until('its copy is to go', () => first.waiting(DOWN.delete) > 0);
    assert.equal(second.waiting(DOWN.delete) + second.waiting(DOWN.deploy), 0);
    assert.ok(!ledTo(second).includes('10.18.0.2'));
  });
});

describe('claims', () => {
  for (const topic of [UP.job, UP.sync] as const) {
    test(`(${topic}) of another worker’s, a waiting or an unknown instance change nothing`, async () => {
      const { first, second } = await moved();
      const liar = await site.worker({ host: 'liar', memory: 10 });
      const claim = async (epoch: number) => {
        const job = makeJob({ epoch, namespace_ip: '10.18.0.200' });
        await liar.publish(topic, topic === UP.job ? job : { instances: [job] });
        await liar.next(DOWN.delete);
      };
      for (const epoch of [1, 2, 50]) await claim(epoch);
      assert.deepEqual([(await shown())?.worker_id, (await shown())?.epoch], [second.id, 2]);
      await second.drop();
      site.clock.advance(3000);
      await pass(3, liar);
      await until('it waits', async () => (await shown())?.worker_id === '');
      await claim(2);
      assert.equal((await shown())?.worker_id, '');
      await second.connect();
      await until('who had it has it again', async () => (await shown())?.worker_id === second.id);
      assert.equal((await shown())?.epoch, 2);
      for (const worker of [first, second]) assert.ok(!ledTo(worker).includes('10.18.0.200'));
    });
  }

  test('by the thousand are one line, and others get their orders meanwhile', async () => {
    const liar = await site.worker({ host: 'liar', memory: 10 });
    const worker = await site.worker();
    const told = () => lines.filter(line => line.startsWith('worker has ')).length;
    const flood = Array.from({ length: 2000 }, (_, instance) =>
      makeJob({ service_id: 'f'.repeat(24), instance }),
    );
    const lying = liar.publish(UP.sync, { instances: flood });
    assert.equal((await site.place()).worker_id, worker.id);
    await worker.run();
    await site.root.report('RUNNING');
    await lying;
    for (const job of flood.slice(0, 50)) await liar.publish(UP.job, job);
    assert.equal(told(), 1);
    assert.ok(liar.waiting(DOWN.delete) <= 256 + 50);
  });
});

const reported = () => site.root.inbox.all.flatMap(message => message.reports?.reports ?? []);

describe('DEAD is the end, as COMPLETED is', () => {
  for (const status of ['DEAD', 'COMPLETED'] as const) {
    test(`${status}: its room is free, its worker’s death moves nothing, and it stays until it is removed`, async () => {
      const first = await site.worker();
      await site.place();
      const order = await first.run();
      await first.publish(UP.job, makeJob({ status, status_detail: 'over', logs: 'last words' }));
      assert.equal((await site.root.report(status)).logs, 'last words');
      assert.deepEqual(await reserved(), [0]);
      const second = await site.worker({ host: 'worker2' });
      await first.drop();
      await pass(700, second);
      assert.equal(second.waiting(DOWN.deploy), 0);
      await first.connect();
      first.lose(order);
      await first.sync();
      await until('it is nobody’s', async () => (await shown())?.worker_id === '');
      assert.equal((await shown())?.status, status);
      site.root.send({ remove: { ...REF, request_id: '' } });
      await site.root.report('UNDEPLOYED');
      assert.equal(await shown(), undefined);
    });
  }

  test('it uses nothing any more, whatever is told late', async () => {
    const worker = await site.worker();
    await site.place();
    const order = await worker.run();
    const usage = { job_name: order.job_name, service_id: order.service_id, instance: 0, disk: '3' };
    const tell = () =>
      worker.publish(UP.jobsResources, {
        services: [{ ...usage, cpu_percent: '9', memory_percent: '9', logs: '' }],
      });
    await tell();
    await until('it is reported', () => reported().some(report => report.cpu_percent === '9'));
    await worker.say(order, 'DEAD');
    await site.root.report('DEAD');
    await tell();
    await worker.beat();
    await new Promise(resolve => setImmediate(resolve));
    const last = reported().at(-1);
    assert.deepEqual([last?.status, last?.cpu_percent, last?.disk], ['DEAD', '', '']);
  });

  test('a worker that removes it unasked has ended nothing', async () => {
    const worker = await site.worker();
    await site.place();
    const order = await worker.run();
    await worker.say(order, 'DEAD');
    await worker.say(order, 'UNDEPLOYED');
    await until('it is nobody’s', async () => (await shown())?.worker_id === '');
    assert.equal((await shown())?.status, 'DEAD');
    assert.equal(worker.waiting(DOWN.deploy), 0);
  });
});

describe('the root is away', () => {
  test('what a lost worker had is placed again, and the root is told later all that happened', async () => {
    const first = await site.worker();
    await site.place();
    await first.run();
    await site.root.report('RUNNING');
    const second = await site.worker({ host: 'worker2' });
    await site.root.stop();
    await until('it is missed', async () => {
      const answer = await fetch(`${site.cluster.url}/api/cluster/status`);
      return ((await answer.json()) as { connected_to_root: boolean }).connected_to_root === false;
    });
    await pass(5, second);
    await second.run('10.18.0.66');
    site.root = await startHandRoot(site.root.address);
    await pass(15, second);
    const [told] = (await site.root.next('list')).instances;
    assert.deepEqual([told?.status, told?.worker_id, told?.epoch], ['RUNNING', second.id, 2]);
    const steps = (told?.moves ?? []).map((move: Move) => `${move.tier} ${move.status}`);
    const way = ['cluster NODE_SCHEDULED', 'worker CREATING', 'worker RUNNING'];
    assert.deepEqual(
      steps,
      [...way, ...way],
      'what the root may not have heard before the cut, and all since',
    );
    assert.match(
      told?.moves?.[way.length]?.detail ?? '',
      /^placed again on worker worker2: worker worker1 gave no sign of life for 5 s$/,
    );
  });
});

test('moves are told once, with the report that they belong to', async () => {
  const worker = await site.worker();
  await site.place();
  await worker.run();
  await site.root.report('RUNNING');
  const reports = site.root.inbox.all.flatMap(message => message.reports?.reports ?? []);
  assert.deepEqual(
    reports.flatMap(report =>
      (report.moves ?? []).map(move => `${move.tier} ${move.status}: ${move.detail}`),
    ),
    ['cluster NODE_SCHEDULED: placed on worker worker1', 'worker CREATING: ', 'worker RUNNING: '],
  );
});

test('nothing leaks in ordinary life', async () => {
  const { first, second } = await moved();
  await first.sync();
  await first.remove();
  await site.place({ memory: 50 }, { instance_number: 1 });
  await fetch(`${site.cluster.url}/api/instances/${REF.service_id}/0`, { method: 'DELETE' });
  site.root.send({ remove: { ...REF, request_id: '' } });
  site.root.send({ remove: { ...REF, instance_number: 1, request_id: '' } });
  await pass(300, first, second);
  assert.deepEqual(
    await leaks(),
    ['reservation', 'worker', 'deadline'].map(
      kind => `hedgerow_cluster_leaks{kind="${kind}",cluster="site1"} 0`,
    ),
  );
  assert.ok(!lines.includes('what was held for nobody is free again'));
});
