import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import {
  digestInstances,
  digestSubnets,
  type FromCluster,
  type InstanceList,
  type InstanceReport,
} from '@hedgerow/protos';
import { CLUSTER_ID, startHandRoot } from '../testing/hand-root.ts';
import { postRegister } from '../testing/hand-worker.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

let site: Site;
beforeEach(async () => {
  site = await Site.start();
});
afterEach(() => site.stop());

const hellos = (): NonNullable<FromCluster['hello']>[] =>
  site.root.inbox.all.flatMap(message => (message.hello ? [message.hello] : []));
const lists = (): InstanceList[] =>
  site.root.inbox.all.flatMap(message => (message.list ? [message.list] : []));

/** Turns the clock through the back-off until the cluster has said Hello again. @returns the list that it sent then */
async function backAgain(): Promise<InstanceList> {
  const before = hellos().length;
  await until('the cluster is back', () => {
    site.clock.advance(100);
    return hellos().length > before;
  });
  await site.root.next('aggregate');
  return lists().at(-1) as InstanceList;
}

const status = async () => (await fetch(`${site.cluster.url}/api/cluster/status`)).json();

test('the Hello says who this is, the metadata brings the token', async () => {
  const { table_digest: _, ...who } = hellos()[0] as NonNullable<FromCluster['hello']>;
  assert.deepEqual(who, {
    cluster_name: 'site1',
    cluster_location: '48.1,11.6,1000',
    port: Number(new URL(site.cluster.url).port),
    address: '127.0.0.1',
    instances: [],
    subnets: [],
    epoch: 0,
    listed: false,
    instances_digest: digestInstances([]),
    subnets_digest: digestSubnets([]),
  });
  assert.deepEqual(site.root.tokens, ['Bearer root-token']);
  assert.deepEqual(await status(), {
    cluster_name: 'site1',
    cluster_id: CLUSTER_ID,
    connected_to_root: true,
  });
});

test('a unix socket is dialed as well', async () => {
  const path = join(tmpdir(), `hedgerow-root-${process.pid}.sock`);
  const root = await startHandRoot(`unix:${path}`);
  const other = await Site.start({ root: `unix:${path}`, name: 'site2' }, undefined, root);
  assert.equal(root.inbox.all[0]?.hello?.cluster_name, 'site2');
  await other.stop();
  await rm(path, { force: true });
});

describe('when the stream is lost', () => {
  test('the list tells everything that happened meanwhile', async () => {
    const worker = await site.worker();
    await site.place();
    const order = await worker.run();
    await site.root.report('RUNNING');
    await site.place({}, { instance_number: 1 });
    const second = await worker.deploy();
    site.root.cut();
    await until(
      'the loss is noticed',
      async () => !((await status()) as { connected_to_root: boolean }).connected_to_root,
    );
    await worker.say(second, 'RUNNING', '10.18.0.3');
    await worker.say(order, 'FAILED', '', 'exited with code 1');
    const { instances } = await backAgain();
    assert.deepEqual(
      instances.map(i => [i.instance_number, i.status, i.status_detail, i.namespace_ip]),
      [
        [0, 'FAILED', 'exited with code 1', ''],
        [1, 'RUNNING', '', '10.18.0.3'],
      ],
    );
    await worker.say(order, 'RUNNING', '10.18.0.2');
    const report = await site.root.report('RUNNING', 0);
    assert.equal(report.worker_id, worker.id);
  });

  test('a dead worker’s instances are placed again without the root', async () => {
    const first = await site.worker();
    await site.place();
    await first.run();
    const second = await site.worker({ host: 'worker2' });
    site.root.obliging.welcome = false;
    site.root.cut();
    for (let n = 0; n < 5; n++) {
      site.clock.advance(1000);
      await second.beat();
    }
    const order = await second.deploy();
    await second.say(order, 'RUNNING', '10.18.0.66');
    site.root.obliging.welcome = true;
    await until('the cluster says so', () => {
      site.clock.advance(500);
      void second.beat();
      return lists()
        .at(-1)
        ?.instances.some((i: InstanceReport) => i.status === 'RUNNING' && i.epoch === 2);
    });
  });

  test('a root that is silent is not waited for for ever', async () => {
    site.root.obliging.welcome = false;
    site.root.cut();
    await until('two more attempts', () => {
      site.clock.advance(1000);
      return hellos().length >= 3;
    });
  });

  test('a root that refuses is asked again', async () => {
    site.root.send({ refused: { code: 'CLUSTER_NAME_TAKEN', message: 'choose another name', leader: '' } });
    site.root.cut();
    await backAgain();
  });
});

test('reports of one turn go together, the latest of each instance only', async () => {
  const worker = await site.worker();
  await site.place();
  const order = await worker.deploy();
  await site.root.report('NODE_SCHEDULED');
  await Promise.all([
    worker.say(order, 'CREATING'),
    worker.say(order, 'CREATED', '10.18.0.2'),
    worker.say(order, 'RUNNING', '10.18.0.2'),
  ]);
  await site.root.report('RUNNING');
  for (const message of site.root.inbox.all) {
    const ids = message.reports?.reports.map(report => report.instance_number) ?? [];
    assert.equal(new Set(ids).size, ids.length);
  }
});

describe('the aggregate', () => {
  test('is sent when something changed, at most every 3 s', async () => {
    const worker = await site.worker();
    site.clock.advance(200);
    const first = await site.root.next('aggregate');
    assert.deepEqual([first.active_nodes, first.memory, first.workers], [1, 4000, ['worker1']]);
    await worker.beat();
    await site.place();
    await site.place({}, { instance_number: 1 });
    site.clock.advance(2999);
    assert.equal(site.root.inbox.untaken(m => m.body === 'aggregate').length, 0);
    site.clock.advance(1);
    const second = await site.root.next('aggregate');
    assert.deepEqual([second.free_memory, second.free_vcpus, second.largest_free_memory], [3800, 2, 3800]);
    await worker.beat();
    site.clock.advance(3000);
    assert.equal(site.root.inbox.untaken(m => m.body === 'aggregate').length, 0);
  });
});

describe('subnets', () => {
  const offer = {
    host: 'x',
    vcpus: 1,
    memory: 1,
    architecture: 'amd64',
    virtualization: ['docker'],
    public_address: '192.0.2.1',
    tunnel_port: 50103,
    overlay: true,
  };

  test('that the root does not give are a 503 that says to try again', async () => {
    site.root.obliging.subnets = false;
    const pending = postRegister(site.cluster.url, offer);
    const claim = await site.root.next('subnet_claim');
    site.root.send({ subnet_grant: { claim_id: claim.claim_id, subnet: '', error: 'none is left' } });
    const answer = await pending;
    assert.deepEqual(
      [answer.status, (answer.body as { error: string }).error, (answer.body as { message: string }).message],
      [503, 'SUBNET_REFUSED', 'the root gave no subnet: none is left'],
    );
  });

  test('that the root does not answer for are a 503 after 5 s', async () => {
    site.root.obliging.subnets = false;
    const pending = postRegister(site.cluster.url, offer);
    await site.root.next('subnet_claim');
    site.clock.advance(5000);
    assert.equal(((await pending).body as { error: string }).error, 'ROOT_UNREACHABLE');
  });

  test('are lost with the stream, and a known worker needs none', async () => {
    const known = await site.register();
    site.root.obliging.subnets = false;
    const pending = postRegister(site.cluster.url, offer);
    await site.root.next('subnet_claim');
    site.root.cut();
    assert.equal((await pending).status, 503);
    const away = await postRegister(site.cluster.url, offer);
    assert.match((away.body as { message: string }).message, /the root is out of reach; try again later$/);
    const again = await site.register({ id: known.id, secret: known.secret });
    assert.equal(again.subnet, known.subnet);
  });

  test('of a worker without an overlay are not asked for', async () => {
    assert.equal((await site.register({ overlay: false })).subnet, '');
    assert.equal(site.root.inbox.all.filter(m => m.subnet_claim).length, 0);
  });

  test('that workers have are in the list, under their holders', async () => {
    const { id, subnet } = await site.register();
    await site.register({ overlay: false });
    site.root.cut();
    const [hold, ...more] = (await backAgain()).subnets;
    assert.deepEqual([hold?.subnet, more, [...site.root.claims.keys()]], [subnet, [], [hold?.worker_id]]);
    assert.notEqual(hold?.worker_id, id);
  });

  test('that were granted too late are given back', async () => {
    site.root.obliging.subnets = false;
    const pending = postRegister(site.cluster.url, offer);
    const { claim_id, worker_id } = await site.root.next('subnet_claim');
    site.clock.advance(5000);
    assert.equal((await pending).status, 503);
    site.root.send({ subnet_grant: { claim_id, subnet: '10.18.0.0', error: '' } });
    assert.deepEqual(await site.root.next('subnet_release'), { worker_id });
  });
});
