/** What is said when the link to the root comes back. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  digestInstances,
  digestSubnets,
  digestTable,
  type FromCluster,
  type Hello,
  type InstanceReport,
  LINK_LOADER_OPTIONS,
  LINK_SERVICE,
  linkProtoPath,
  type TableEntry,
  type TableInstance,
  UP,
} from '@hedgerow/protos';
import { startCluster } from '../app.ts';
import { CLUSTER_ID, type HandRoot } from '../testing/hand-root.ts';
import type { HandWorker } from '../testing/hand-worker.ts';
import { makeJob, makePlace, makeSpec } from '../testing/makers.ts';
import { Site } from '../testing/site.ts';
import { turn, until } from '../testing/wait.ts';

let site: Site;
beforeEach(async () => {
  site = await Site.start();
});
afterEach(() => site.stop());

const APPLICATION = makeSpec().application_id;

function entryOf(
  name: string,
  fields: Partial<TableEntry> = {},
  instances: TableInstance[] = [],
): TableEntry {
  return {
    job_name: `shop.test.${name}.test`,
    application_id: APPLICATION,
    service_ip: '10.30.30.31',
    removed: false,
    instances,
    ...fields,
  };
}

function foreign(number: number, cluster_id = 'another'): TableInstance {
  return {
    instance_number: number,
    instance_ip: `10.30.1.${number}`,
    namespace_ip: `10.19.0.${number}`,
    host_ip: '198.51.100.1',
    host_port: 50103,
    worker_id: 'dddddddddddddddddddddddd',
    worker_subnet: '10.19.0.0',
    cluster_id,
  };
}

/** Longer than a report may be on its way. */
async function aWhile(workers: readonly HandWorker[] = site.workers): Promise<void> {
  for (let n = 0; n < 6; n++) {
    for (const worker of workers) await worker.beat();
    site.clock.advance(3000);
  }
  for (const worker of workers) await worker.beat();
}

const isConnected = async () => {
  const answer = await fetch(`${site.cluster.url}/api/cluster/status`);
  return ((await answer.json()) as { connected_to_root: boolean }).connected_to_root;
};

async function cut(root: HandRoot = site.root): Promise<void> {
  root.cut();
  await until('the loss is noticed', async () => !(await isConnected()));
}

/** @returns all that the cluster says on its new stream */
async function heal(obliging: Partial<HandRoot['obliging']>): Promise<FromCluster[]> {
  Object.assign(site.root.obliging, obliging);
  const before = site.root.inbox.all.length;
  await until('the cluster is back', () => {
    site.clock.advance(100);
    return site.root.inbox.all.slice(before).some(message => message.aggregate);
  });
  for (let n = 0; n < 5; n++) await turn();
  return site.root.inbox.all.slice(before);
}

const bodies = (messages: FromCluster[]) => messages.map(message => message.body);
const helloIn = (messages: FromCluster[]) => messages.find(m => m.hello)?.hello as Hello;

/** Bytes on the wire, as protobuf. */
function bytesOf(messages: FromCluster[]): number {
  const service = loadSync(linkProtoPath(), LINK_LOADER_OPTIONS)[LINK_SERVICE] as ServiceDefinition;
  const encode = service.Connect?.requestSerialize as (message: FromCluster) => Buffer;
  return messages.reduce((sum, message) => sum + encode(message).length, 0);
}

async function settle(workers: number, instances: number): Promise<void> {
  for (let n = 0; n < workers; n++) await site.worker({ host: `worker${n}`, vcpus: 50, memory: 50_000 });
  for (let n = 0; n < instances; n++) await site.place({}, { instance_number: n });
  await until('all run', async () => {
    for (const worker of site.workers) {
      while (worker.waiting('control/deploy') > 0) await worker.run();
    }
    const reports = site.root.inbox.all.flatMap(m => m.reports?.reports ?? []);
    return (
      new Set(reports.filter(r => r.status === 'RUNNING').map(r => r.instance_number)).size === instances
    );
  });
}

test('with nothing changed, two short messages are all: at most a tenth of one full state', async () => {
  await settle(10, 50);
  for (const name of ['db', 'cache'])
    site.root.send({ table_entry: entryOf(name, {}, [foreign(1), foreign(2)]) });
  await aWhile();
  await cut();
  const full = await heal({ sendList: true });
  assert.deepEqual(bodies(full), ['hello', 'list', 'aggregate']);
  assert.equal(full[1]?.list?.instances.length, 50);
  await aWhile();
  await cut();
  for (const worker of site.workers) worker.inbox.clear();
  const short = await heal({ sendList: false, tableKnown: true });
  assert.deepEqual(bodies(short), ['hello', 'aggregate']);
  const ratio = bytesOf(short) / bytesOf(full);
  assert.ok(ratio <= 0.1, `${ratio}`);
  site.clock.advance(10_000);
  for (const worker of site.workers) assert.equal(worker.inbox.untaken(() => true).length, 0);
});

describe('the digests of a Hello', () => {
  test('are others when a worker came back under another address, also after a restart', async () => {
    await settle(1, 1);
    const worker = site.workers[0] as HandWorker;
    await aWhile();
    await cut();
    const { instances_digest: before } = helloIn(await heal({ sendList: false, tableKnown: true }));
    await cut();
    site.root.obliging.welcome = false;
    const { id, secret } = worker.registered;
    await site.register({ id, secret, public_address: '192.0.2.99' });
    await site.cluster.stop();
    site.root.obliging.welcome = true;
    site.root.inbox.clear();
    site.cluster = await startCluster(site.config, { clock: site.clock, log: site.log });
    const { instances_digest: after } = await site.root.next('hello');
    assert.notEqual(after, before);
  });

  test('are those of the list', async () => {
    await settle(1, 2);
    const seen = site.root.inbox.all.length;
    await cut();
    const messages = await heal({});
    const list = messages.find(m => m.list)?.list;
    assert.ok(list && seen > 0);
    const hello = helloIn(messages);
    assert.deepEqual(
      [hello.instances_digest, hello.subnets_digest],
      [digestInstances(list.instances), digestSubnets(list.subnets)],
    );
  });

  test('of the table: other clusters’ instances of the applications that run here', async () => {
    await settle(1, 1);
    const db = entryOf('db', {}, [foreign(1), foreign(2, CLUSTER_ID)]);
    const strange = entryOf('x', { application_id: 'eeeeeeeeeeeeeeeeeeeeeeee' }, [foreign(3)]);
    for (const table_entry of [db, strange]) site.root.send({ table_entry });
    site.root.send({ table_entry: entryOf('removed') });
    site.root.send({ table_entry: entryOf('removed', { removed: true }) });
    await site.place({}, { instance_number: 1 });
    await cut();
    const { table_digest } = helloIn(await heal({ tableKnown: true }));
    assert.equal(table_digest, digestTable([entryOf('db', {}, [foreign(1)])]));
    // the application that left is forgotten; the root tells it again before it places one here
    await cut();
    assert.equal(helloIn(await heal({})).table_digest, table_digest);
  });
});

test('a table that the root knows stays; one that it tells again is swept of what it does not tell', async () => {
  await settle(1, 1);
  const worker = site.workers[0] as HandWorker;
  for (const name of ['db', 'gone']) site.root.send({ table_entry: entryOf(name, {}, [foreign(1)]) });
  await worker.tableResult(result => result.app_name === 'shop.test.gone.test');
  await cut();
  await heal({ sendList: false, tableKnown: true });
  await worker.beat();
  site.clock.advance(3000);
  await cut();
  worker.inbox.clear();
  await heal({ sendList: false, tableKnown: false });
  site.root.send({ table_entry: entryOf('db', {}, [foreign(1)]) });
  for (let n = 0; n < 4; n++) {
    await worker.beat();
    site.clock.advance(3000);
  }
  const result = await worker.tableResult();
  assert.deepEqual([result.app_name, result.removed], ['shop.test.gone.test', true]);
});

describe('what the root may not have heard', () => {
  const reportsIn = (messages: FromCluster[]): InstanceReport[] =>
    messages.flatMap(m => m.reports?.reports ?? []);

  test('because it happened while the link was down is told after the Welcome', async () => {
    await settle(1, 2);
    const worker = site.workers[0] as HandWorker;
    await aWhile();
    await cut();
    const order = await orderOf(worker, 1);
    await worker.say(order, 'FAILED', '', 'exited with code 3');
    await worker.say(order, 'RUNNING', '10.18.0.9');
    const reports = reportsIn(await heal({ sendList: false, tableKnown: true }));
    assert.deepEqual(
      reports.map(r => [r.instance_number, r.status, r.namespace_ip, r.moves?.map(move => move.status)]),
      [[1, 'RUNNING', '10.18.0.9', ['FAILED', 'RUNNING']]],
    );
    await aWhile();
    await cut();
    assert.deepEqual(reportsIn(await heal({})), []);
  });

  test('because it was on its way when the link was lost is told again', async () => {
    await settle(1, 1);
    const worker = site.workers[0] as HandWorker;
    await aWhile();
    await worker.say(await orderOf(worker, 0), 'RUNNING', '10.18.0.9');
    await site.root.report('RUNNING', 0);
    await cut();
    const reports = reportsIn(await heal({ sendList: false, tableKnown: true }));
    assert.deepEqual(
      reports.map(r => r.namespace_ip),
      ['10.18.0.9'],
    );
  });

  for (const sendList of [true, false]) {
    test(`with every move and the last lines on the way (list: ${sendList})`, async () => {
      await settle(1, 1);
      const worker = site.workers[0] as HandWorker;
      await aWhile();
      const order = await orderOf(worker, 0);
      await worker.publish(UP.job, {
        ...makeJob({ status: 'FAILED', status_detail: 'exited with code 3', logs: 'last words' }),
        ...{ generation: order.generation, epoch: order.epoch },
      });
      await site.root.report('FAILED', 0);
      await worker.say(order, 'RUNNING', '10.18.0.9');
      await site.root.report('RUNNING', 0);
      // usage: nothing that a history would tell
      const usage = { service_id: order.service_id, instance: 0, cpu_percent: '5' };
      await worker.publish(UP.jobsResources, { services: [usage] });
      await site.root.report('RUNNING', 0);
      await cut();
      const messages = await heal({ sendList, tableKnown: true });
      const told = [...reportsIn(messages), ...messages.flatMap(m => m.list?.instances ?? [])];
      const moves = told.flatMap(report => report.moves?.map(move => move.status) ?? []);
      assert.deepEqual([...new Set(moves)], ['FAILED', 'RUNNING']);
      assert.ok(told.some(report => report.logs === 'last words'));
    });
  }

  test('and is still on disk after a restart of the cluster', async () => {
    await settle(1, 1);
    const worker = site.workers[0] as HandWorker;
    await aWhile();
    await cut();
    site.root.obliging.welcome = false;
    await worker.say(await orderOf(worker, 0), 'FAILED', '', 'exited with code 3');
    await until('it is known', async () => {
      const { workers } = (await (await fetch(`${site.cluster.url}/api/workers`)).json()) as {
        workers: object[];
      };
      return workers.length === 1;
    });
    await site.cluster.stop();
    Object.assign(site.root.obliging, { welcome: true, sendList: false, tableKnown: true });
    await site.startCluster();
    const report = await site.root.report('FAILED', 0);
    assert.equal(report.moves?.at(-1)?.status, 'FAILED');
  });
});

/** As the worker got it. */
async function orderOf(worker: HandWorker, number: number) {
  const message = worker.inbox.all.find(
    ({ leaf, text }) => leaf === 'control/deploy' && JSON.parse(text).instance_number === number,
  );
  return JSON.parse(message?.text ?? '{}');
}

describe('what the root says out of order', () => {
  test('is ignored, and the next good message works', async () => {
    await settle(1, 1);
    site.root.obliging.welcome = false;
    await cut();
    const before = site.root.inbox.all.length;
    await until('the cluster has said Hello', () => {
      site.clock.advance(100);
      return site.root.inbox.all.slice(before).some(m => m.hello);
    });
    const welcome = { cluster_id: CLUSTER_ID, epoch: 0, send_list: false, table_known: true };
    site.root.send({ place: makePlace({}, { instance_number: 7, attempt_id: 'early' }) });
    site.root.send({ welcome });
    await site.root.next('aggregate');
    site.root.send({ welcome: { ...welcome, cluster_id: 'ffffffffffffffffffffffff' } });
    site.root.send({ subnet_grant: { claim_id: 'none', subnet: '10.18.9.0', error: '' } });
    site.root.send({});
    const answer = await site.place({}, { instance_number: 8 });
    assert.equal(answer.accepted, true);
    assert.equal(site.root.inbox.all.filter(m => m.place_answer?.attempt_id === 'early').length, 0);
    const status = (await (await fetch(`${site.cluster.url}/api/cluster/status`)).json()) as object;
    assert.equal((status as { cluster_id: string }).cluster_id, CLUSTER_ID);
  });
});
