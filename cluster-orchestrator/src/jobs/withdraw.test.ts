/** An operator removes an instance at its cluster, while the root is away or does not know yet. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openSqlite, put } from '@hedgerow/common';
import { DOWN, type InstanceReport } from '@hedgerow/protos';
import type { StoredInstance } from '../model.ts';
import { startHandRoot } from '../testing/hand-root.ts';
import type { HandWorker } from '../testing/hand-worker.ts';
import { makeInstance, makePlace } from '../testing/makers.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

const REF = { service_id: 'aaaaaaaaaaaaaaaaaaaaaaaa', instance_number: 0 };
const PATH = `/api/instances/${REF.service_id}/0`;

let site: Site;
beforeEach(async () => {
  site = await Site.start();
});
afterEach(() => site.stop());

interface Shown {
  id: string;
  worker: string;
  status: string;
  status_detail: string;
  withdrawn: boolean;
  epoch: number;
}

const list = async (): Promise<Shown[]> => {
  const answer = await fetch(`${site.cluster.url}/api/instances`);
  return ((await answer.json()) as { instances: Shown[] }).instances;
};

const remove = async (path = PATH) => {
  const answer = await fetch(`${site.cluster.url}${path}`, { method: 'DELETE' });
  return { status: answer.status, body: (await answer.json()) as Shown & { error: string } };
};

async function running(): Promise<HandWorker> {
  const worker = await site.worker();
  await site.place();
  await worker.run();
  await site.root.report('RUNNING');
  return worker;
}

/** The root is gone, and dialed in vain. */
async function loseRoot(): Promise<void> {
  await site.root.stop();
  await until('the root is missed', async () => {
    const answer = await fetch(`${site.cluster.url}/api/cluster/status`);
    return !((await answer.json()) as { connected_to_root: boolean }).connected_to_root;
  });
}

/** The root is back and wants to know everything. @returns the list */
async function rootReturns(): Promise<InstanceReport[]> {
  site.root = await startHandRoot(site.root.address);
  site.clock.advance(15_000);
  await site.root.next('hello');
  return (await site.root.next('list')).instances;
}

const withdrawn = ({ reports }: { reports?: { reports: InstanceReport[] } }) =>
  reports?.reports.some(report => report.withdrawn === true) ?? false;

describe('without the root', () => {
  test('it is removed, remembered across a restart, and the root is told until it says that it knows', async () => {
    const worker = await running();
    await loseRoot();
    const answer = await remove();
    assert.deepEqual([answer.status, answer.body.withdrawn], [200, true]);
    await worker.remove();
    await until('it is gone', async () => (await list())[0]?.status === 'UNDEPLOYED');
    const [shown] = await list();
    const detail = 'removed at cluster site1 by an operator';
    assert.deepEqual([shown?.worker, shown?.status_detail], ['', detail]);

    const { workers } = (await (await fetch(`${site.cluster.url}/api/workers`)).json()) as {
      workers: { reserved: unknown; instances: number }[];
    };
    assert.deepEqual(
      workers.map(w => [w.reserved, w.instances]),
      [[{ vcpus: 0, memory: 0, ports: [] }, 0]],
    );
    await worker.drop();
    await site.cluster.stop();
    site.root = await startHandRoot(site.root.address);
    await site.startCluster();
    const [told] = (await site.root.next('list')).instances;
    assert.deepEqual([told?.status, told?.withdrawn, told?.worker_id], ['UNDEPLOYED', true, '']);

    site.root.send({ remove: { ...REF, request_id: '' } });
    const gone = await site.root.inbox.take(
      'the answer to Remove',
      m => m.reports?.reports.some(r => r.status === 'UNDEPLOYED' && r.withdrawn !== true) ?? false,
    );
    assert.equal(gone.reports?.reports[0]?.service_id, REF.service_id);
    assert.deepEqual(await list(), []);
    // and the same name deploys at once
    const next = await site.worker();
    assert.ok((await site.place()).accepted);
    await next.run();
  });

  test('what its worker cannot say any more is gone at once, and a copy that turns up is removed', async () => {
    const worker = await running();
    await worker.drop();
    site.clock.advance(5000);
    await site.root.report('NO_QUALIFIED_WORKER_FOUND');
    await loseRoot();
    await remove();
    assert.equal((await list())[0]?.status, 'UNDEPLOYED');
    await worker.connect();
    await worker.remove();
    const [told] = await rootReturns();
    assert.deepEqual([told?.status, told?.withdrawn], ['UNDEPLOYED', true]);
    assert.deepEqual(
      told?.moves?.slice(-1).map(({ tier, status }) => [tier, status]),
      [['cluster', 'UNDEPLOYED']],
    );
  });
});

describe('with the root', () => {
  test('it is told at once, and again until it says that it knows', async () => {
    const worker = await running();
    await remove();
    await worker.remove();
    await site.root.inbox.take('withdrawn', withdrawn);
    site.clock.advance(30_000);
    await site.root.inbox.take('withdrawn, again', withdrawn);
    site.root.send({ remove: { ...REF, request_id: '' } });
    await until('it is forgotten', async () => (await list()).length === 0);
    site.clock.advance(60_000);
    assert.equal(site.root.inbox.untaken(withdrawn).length, 0);
  });

  test('a Place that crossed it on the way is refused, after the root was told why, and nothing runs again', async () => {
    const worker = await running();
    await remove();
    const place = makePlace({}, { generation: 2, epoch: 7, attempt_id: 'crossed' });
    site.root.send({ place });
    await site.place({ service_id: 'dddddddddddddddddddddddd', memory: 99_999 });
    const answered = site.root.inbox.all.filter(m => m.place_answer?.attempt_id === 'crossed');
    assert.deepEqual(answered, [], 'while the worker is at it there is no answer, and the root asks again');
    await worker.remove();
    await site.root.inbox.take('withdrawn', withdrawn);
    const after = await site.place({}, { generation: 2, epoch: 7 });
    assert.deepEqual(
      [after.accepted, after.status_detail],
      [false, 'it was removed at cluster site1 by an operator'],
    );
    const order = site.root.inbox.all.map(m => (m.place_answer ? 'answer' : withdrawn(m) ? 'withdrawn' : ''));
    assert.equal(order.filter(Boolean).at(-2), 'withdrawn');
    assert.equal(worker.waiting(DOWN.deploy), 0);
  });

  test('a Remove while the worker is at it: the root knows, and nothing is remembered for it', async () => {
    const worker = await running();
    await remove();
    await worker.next(DOWN.delete);
    site.root.send({ remove: { ...REF, request_id: '' } });
    await worker.remove();
    const report = await site.root.report('UNDEPLOYED');
    assert.equal(report.withdrawn, false);
    assert.deepEqual(await list(), []);
  });

  test('the tables of others do not name it', async () => {
    const worker = await running();
    await site.place({}, { instance_number: 1 });
    await worker.run('10.18.0.3');
    await site.root.report('RUNNING', 1);
    await remove();
    await worker.tableResult(({ instance_list: [first, more] }) => !more && first?.instance_number === 1);
    await until('it is told to go', () => {
      site.clock.advance(50);
      return worker.waiting(DOWN.delete) > 0;
    });
    worker.inbox.all.length = 0;
    await worker.remove();
    await site.root.inbox.take('withdrawn', withdrawn);
    await worker.beat();
    assert.deepEqual(worker.inbox.all, []);
  });

  test('twice is once; what is not there is a 404, what is no number a 400', async () => {
    const worker = await running();
    assert.equal((await remove()).status, 200);
    assert.equal((await remove()).status, 200);
    await worker.remove();
    await until('it is gone', async () => (await list())[0]?.status === 'UNDEPLOYED');
    assert.equal((await remove()).status, 200);
    const unknown = await remove(`/api/instances/${REF.service_id}/5`);
    assert.deepEqual([unknown.status, unknown.body.error], [404, 'INSTANCE_UNKNOWN']);
    const bad = await remove(`/api/instances/${REF.service_id}/x`);
    assert.deepEqual([bad.status, bad.body.error], [400, 'REQUEST_INVALID']);
  });
});

test('killed when it was marked and not yet ended: what no worker has is gone a deadline later', async () => {
  await site.cluster.stop();
  const store = openSqlite({ file: join(site.config.data, 'cluster.sqlite'), durability: 'full' });
  const collection = store.collection<StoredInstance>('instances', []);
  const marked = { desired: 'gone', worker_id: '', status: 'NO_WORKER_CAPACITY' } as const;
  for (const [number, withdrawn] of [true, false].entries()) {
    const id = `${REF.service_id}/${number}`;
    await put(collection, makeInstance({ ...marked, id, instance_number: number, withdrawn }));
  }
  await store.close();
  await site.startCluster();
  site.clock.advance(30_000);
  await until('one is remembered, the other one forgotten', async () => (await list()).length === 1);
  const [shown] = await list();
  assert.deepEqual([shown?.status, shown?.withdrawn], ['UNDEPLOYED', true]);
});

test('the list, in short; away from loopback it takes the token', async () => {
  await running();
  const [shown] = await list();
  assert.deepEqual(
    [shown?.id, shown?.worker, shown?.status, shown?.withdrawn, shown?.epoch],
    [`${REF.service_id}/0`, 'worker1', 'RUNNING', false, 1],
  );
  const open = await Site.start({ host: '0.0.0.0' });
  try {
    const url = open.cluster.url.replace('0.0.0.0', '127.0.0.1');
    const headers = { authorization: `Bearer ${open.cluster.workerToken}` };
    assert.equal((await fetch(`${url}/api/instances`)).status, 401);
    assert.equal((await fetch(`${url}${PATH}`, { method: 'DELETE' })).status, 401);
    assert.equal((await fetch(`${url}/api/instances`, { headers })).status, 200);
  } finally {
    await open.stop();
  }
});
