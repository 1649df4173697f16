/** A cluster goes out of reach and comes back, in every order that others' answers may come in. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { InstanceReport, Microservice, Move } from '@hedgerow/protos';
import { type Coordinated, coordinated } from '../clusters/testing/coordinated.ts';
import { HonestSite } from '../clusters/testing/honest-site.ts';
import type { Service } from '../model.ts';
import { microservice } from '../testing/slas.ts';
import { lossRule } from './loss.ts';

let root: Coordinated;
let a: HonestSite;
let b: HonestSite;
let service: Service | undefined;
beforeEach(async () => {
  root = await coordinated();
  [a, b] = [new HonestSite('a'), new HonestSite('b')];
});
afterEach(() => root.stop());

/** An instance that runs on a, while b has less room. @returns its id */
async function runningOnA(fields: Partial<Microservice> = {}): Promise<string> {
  await a.connect(root);
  [service] = await root.application('shop', microservice('web', fields));
  const id = await root.instance(service);
  await root.becomesStatus(id, 'RUNNING');
  await b.connect(root);
  return id;
}

async function settled(...sites: HonestSite[]): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) for (const site of sites) await site.client.settled();
}

/** On which sites there is a copy. */
const copies = (id: string) => [a, b].filter(site => site.has.has(id)).map(site => site.name);
const detail = async (id: string) => (await root.stored(id)).status_detail;

test('the rule: replaced after 60 s when a service does not say', () => {
  const rule = (on_cluster_loss?: Microservice['on_cluster_loss']) =>
    lossRule(microservice('web', on_cluster_loss ? { on_cluster_loss } : {}));
  assert.deepEqual(rule(), { action: 'replace', grace: 60_000 });
  assert.deepEqual(rule({ grace: 5 }), { action: 'replace', grace: 5000 });
  assert.deepEqual(rule({ action: 'wait' }), { action: 'wait', grace: 60_000 });
});

describe('an instance of a lost cluster', () => {
  test('is as it was, and says so, until its grace is over; then it runs elsewhere', async () => {
    const id = await runningOnA();
    const before = await root.stored(id);
    await a.cut(root);
    assert.deepEqual(await root.stored(id), before, 'a short cut is not worth a write');
    await root.pass(59_000);
    const waiting = await root.stored(id);
    assert.deepEqual([waiting.status, waiting.cluster_id, b.has.size], ['RUNNING', a.clusterId, 0]);
    assert.match(
      waiting.status_detail,
      /^cluster a is out of reach since 2026-01-01T00:00:00Z; waited for until 2026-01-01T00:01:00Z$/,
    );
    await root.pass(1000);
    const replaced = await root.becomes(id, i => i?.cluster_id === b.clusterId && i.status === 'RUNNING');
    assert.ok((replaced?.epoch ?? 0) > before.epoch, 'a later placement than the lost one');
    await a.connect(root);
    await settled(a, b);
    assert.deepEqual(copies(id), ['b']);
    assert.equal((await root.stored(id)).left, undefined);
  });

  test('is not touched when the cluster is back in time', async () => {
    const id = await runningOnA();
    const before = await root.stored(id);
    await a.cut(root);
    await root.pass(30_000);
    for (const site of [a, b]) site.forget();
    await a.connect(root);
    await root.pass(120_000);
    assert.deepEqual([a.heard, b.heard], [['welcome'], []]);
    const { status, status_detail, cluster_id, last_detail } = await root.stored(id);
    assert.deepEqual(
      [status, status_detail, cluster_id, last_detail],
      ['RUNNING', before.status_detail, a.clusterId, undefined],
    );
  });

  test('waits for as long as it takes when its service says so', async () => {
    const id = await runningOnA({ on_cluster_loss: { action: 'wait' } });
    await a.cut(root);
    await root.pass(600_000, 10_000);
    assert.match(await detail(id), /^cluster a is out of reach since .*; it is waited for$/);
    assert.equal(b.has.size, 0);
    await a.connect(root);
    assert.deepEqual([copies(id), await detail(id)], [['a'], '']);
  });

  test('goes by the grace of its own service', async () => {
    const id = await runningOnA({ on_cluster_loss: { grace: 0 } });
    await a.cut(root);
    await root.becomes(id, i => i?.cluster_id === b.clusterId && i.status === 'RUNNING');
  });

  test('that has ended for good stays ended', async () => {
    const id = await runningOnA({ one_shot: true });
    a.happen(id, { status: 'COMPLETED' });
    await root.becomesStatus(id, 'COMPLETED');
    await a.cut(root);
    await root.pass(120_000, 10_000);
    assert.deepEqual([(await root.stored(id)).cluster_id, b.has.size], [a.clusterId, 0]);
  });

  test('that fits nowhere else stays its own and is tried again when there is room', async () => {
    const id = await runningOnA();
    b.client.aggregate({ active_nodes: 0 });
    await a.cut(root);
    await root.pass(61_000);
    assert.match(
      await detail(id),
      /^cluster a is out of reach .*; no other cluster takes it: of 1 known cluster/,
    );
    assert.equal((await root.stored(id)).cluster_id, a.clusterId);
    b.client.aggregate();
    await root.becomes(id, i => i?.cluster_id === b.clusterId && i.status === 'RUNNING');
  });

  test('is not written again while only the amounts differ in why no other takes it', async () => {
    const id = await runningOnA({ memory: 100 });
    b.client.aggregate({ largest_free_memory: 37 });
    await a.cut(root);
    await root.pass(61_000);
    assert.match(await detail(id), /no other cluster takes it: .*37/);
    const { revision } = await root.stored(id);
    for (const largest_free_memory of [36, 35, 40]) {
      b.client.aggregate({ largest_free_memory });
      await settled(b);
      await root.pass(20_000);
    }
    assert.equal((await root.stored(id)).revision, revision);
    b.client.aggregate({ active_nodes: 0 });
    await settled(b);
    await root.pass(20_000);
    assert.equal((await root.stored(id)).revision, revision + 1, 'another reason is told');
  });

  test('that was never accepted is asked of another one', async () => {
    a.obeys = 'silent';
    await a.connect(root);
    [service] = await root.application('shop', 'web');
    const id = await root.instance(service);
    await root.becomesStatus(id, 'CLUSTER_SCHEDULED');
    await b.connect(root);
    await a.cut(root);
    await root.pass(60_000);
    await root.becomes(id, i => i?.cluster_id === b.clusterId && i.status === 'RUNNING');
    a.obeys = 'yes';
    await a.connect(root);
    assert.deepEqual(copies(id), ['b']);
    assert.equal((await root.stored(id)).left, undefined, 'its digest says that it never had it');
  });

  test('has its whole grace again when the root starts anew', async () => {
    const id = await runningOnA();
    await root.pass(1000);
    await root.coordination.stop();
    const again = await coordinated({ store: root.store });
    try {
      await b.connect(again);
      await again.pass(59_000);
      assert.equal((await again.stored(id)).cluster_id, a.clusterId);
      await again.pass(1000);
      await again.becomes(id, i => i?.cluster_id === b.clusterId && i.status === 'RUNNING');
      await a.connect(again);
      assert.deepEqual(copies(id), ['b']);
    } finally {
      await again.stop();
    }
  });

  test('keeps its place in others’ maps until it is given away', async () => {
    const id = await runningOnA();
    const c = await new HonestSite('c').connect(root);
    c.client.send({ table_query: { service_ip: service?.service_ip ?? '', job_name: '' } });
    await c.client.settled();
    const seen = () => [...c.table.values()].flatMap(entry => entry.instances.map(i => i.cluster_id));
    assert.deepEqual(seen(), [a.clusterId]);
    await a.cut(root);
    await root.pass(59_000);
    assert.deepEqual(seen(), [a.clusterId]);
    await root.pass(1000);
    await root.becomes(id, i => i?.status === 'RUNNING' && i.cluster_id !== a.clusterId);
    await settled(b, c);
    assert.ok(!seen().includes(a.clusterId));
  });
});

test('a cluster with a copy to be removed is not told of the other one before it is gone', async () => {
  const id = await runningOnA();
  await root.instance(service);
  await a.cut(root);
  await root.pass(60_000);
  await root.becomes(id, i => i?.cluster_id === b.clusterId && i.status === 'RUNNING');
  const known = () => [...a.table.values()].flatMap(entry => entry.instances.map(i => i.instance_number));
  a.obeys = 'silent';
  await a.connect(root);
  await settled(a);
  assert.ok(a.has.has(id) && !known().includes(0));
  a.obeys = 'yes';
  await a.cut(root);
  await root.instance(service);
  await a.connect(root);
  a.client.send({ table_query: { service_ip: service?.service_ip ?? '', job_name: '' } });
  await settled(a);
  assert.ok(!a.has.has(id) && known().includes(0));
});

test('the history of an instance says what became of it, and who said so', async () => {
  const id = await runningOnA();
  await a.cut(root);
  await root.pass(60_000);
  await root.becomes(id, i => i?.cluster_id === b.clusterId && i.status === 'RUNNING');
  const at = root.clock.now();
  const exit = { at, tier: 'worker' as const, status: 'FAILED', detail: 'exit code 3', worker_id: 'w' };
  b.happen(id, { moves: [exit, { ...exit, at: at + 1, status: 'RUNNING', detail: '' }] });
  await b.client.settled();
  const moves = await root.coordination.histories.of(id);
  assert.deepEqual(
    moves.map(({ tier, status, cluster_id }) => [tier, status, cluster_id]),
    [
      ['root', 'REQUESTED', ''],
      ['root', 'CLUSTER_SCHEDULED', a.clusterId],
      ['cluster', 'NODE_SCHEDULED', a.clusterId],
      ['worker', 'RUNNING', a.clusterId],
      ['root', 'CLUSTER_SCHEDULED', b.clusterId],
      ['cluster', 'NODE_SCHEDULED', b.clusterId],
      ['worker', 'RUNNING', b.clusterId],
      ['worker', 'FAILED', b.clusterId],
      ['worker', 'RUNNING', b.clusterId],
    ],
  );
  assert.match(moves[4]?.detail ?? '', /^cluster a is out of reach since .*; cluster b was asked$/);
});

describe('when the lost cluster is back with the copy, and another one', () => {
  /** b was asked, and does this. */
  async function asked(obeys: HonestSite['obeys']): Promise<string> {
    const id = await runningOnA();
    b.obeys = obeys;
    await a.cut(root);
    await root.pass(60_000);
    return id;
  }

  test('has not answered, the copy is kept and the other one told to remove', async () => {
    const id = await asked('silent');
    assert.match(await detail(id), /^cluster a is out of reach since .*; cluster b was asked$/);
    const before = a.has.get(id);
    a.forget();
    await a.connect(root);
    await settled(a, b);
    assert.deepEqual([(await root.stored(id)).cluster_id, a.has.get(id)], [a.clusterId, before]);
    assert.ok(b.heard.includes('remove'));
    assert.ok(!a.heard.includes('place') && !a.heard.includes('remove'));
    b.obeys = 'yes';
    await root.pass(20_000);
    assert.deepEqual(copies(id), ['a']);
  });

  test('has not answered and is lost, too, with a copy: it is removed when that one is back', async () => {
    const id = await asked('silent');
    b.obeys = 'yes';
    await root.pass(5000);
    await root.becomesStatus(id, 'RUNNING');
    assert.deepEqual(copies(id), ['a', 'b']);
    await b.cut(root);
    await a.connect(root);
    await settled(a);
    assert.deepEqual(copies(id), ['b'], 'the other one has it, as far as is known');
    await b.connect(root);
    assert.deepEqual([copies(id), (await root.stored(id)).status], [['b'], 'RUNNING']);
  });

  test('refuses, the copy is taken back', async () => {
    const id = await asked('refuses');
    await root.becomesStatus(id, 'NO_WORKER_CAPACITY');
    a.forget();
    await a.connect(root);
    await settled(a, b);
    assert.deepEqual([copies(id), (await root.stored(id)).status], [['a'], 'RUNNING']);
    assert.ok(!a.heard.includes('place') && !a.heard.includes('remove'));
  });

  test('that has it is lost for longer than the grace, the copy is taken back', async () => {
    const id = await asked('yes');
    await root.becomes(id, i => i?.status === 'RUNNING' && i.cluster_id === b.clusterId);
    await b.cut(root);
    await root.pass(61_000);
    assert.match(await detail(id), /^cluster b is out of reach .*; no other cluster takes it/);
    a.forget();
    await a.connect(root);
    assert.deepEqual([(await root.stored(id)).cluster_id, a.heard.includes('remove')], [a.clusterId, false]);
    await b.connect(root);
    await settled(a, b);
    assert.deepEqual(copies(id), ['a']);
    assert.equal((await root.stored(id)).left, undefined);
  });

  for (const first of ['a', 'b'] as const)
    test(`both were lost before b answered, ${first} is back first: one copy`, async () => {
      const id = await asked('silent');
      b.obeys = 'yes';
      const [one, two] = first === 'a' ? [a, b] : [b, a];
      await b.cut(root);
      await one.connect(root);
      await settled(one);
      await two.connect(root);
      await settled(one, two);
      await root.pass(70_000);
      await settled(one, two);
      assert.equal(copies(id).length, 1);
      const stored = await root.stored(id);
      assert.deepEqual([stored.status, stored.left], ['RUNNING', undefined]);
      assert.ok((stored.cluster_id === a.clusterId ? a : b).has.has(id));
    });
});

describe('an instance that is removed while its cluster is lost', () => {
  const claimed = async (id: string) =>
    (await root.collections.claims.find({ owner: `instance/${id}` })).length;

  test('frees its service’s name at once, its address when the cluster has confirmed', async () => {
    const id = await runningOnA();
    await a.cut(root);
    await root.removeService(service);
    const [again] = await root.application('shop2', 'web');
    const second = await root.instance(again);
    await root.becomes(second, i => i?.status === 'RUNNING');
    assert.equal(await claimed(id), 1);
    await a.connect(root);
    await root.becomes(id, i => i === null);
    await settled(a);
    assert.deepEqual([await claimed(id), a.has.has(id)], [0, false]);
  });

  test('and had been given to another one keeps its address until both have confirmed', async () => {
    const id = await runningOnA();
    await a.cut(root);
    await root.pass(60_000);
    await root.becomes(id, i => i?.status === 'RUNNING' && i.cluster_id === b.clusterId);
    await root.remove(id);
    await root.becomes(id, i => i?.cluster_id === a.clusterId);
    assert.deepEqual([copies(id), await claimed(id)], [['a'], 1]);
    await a.connect(root);
    await root.becomes(id, i => i === null);
    await settled(a);
    assert.deepEqual([copies(id), await claimed(id)], [[], 0]);
  });

  test('goes with a cluster that is removed from the root', async () => {
    const id = await runningOnA();
    await a.cut(root);
    await root.remove(id);
    await root.collections.clusters.remove(a.clusterId);
    await root.pass(10_000);
    await root.becomes(id, i => i === null);
    assert.equal(await claimed(id), 0);
  });
});

test('what happened to the copy of a lost cluster is told when it is back, its end as well', async () => {
  const id = await runningOnA();
  await a.cut(root);
  const way = ['FAILED', 'RUNNING', 'UNDEPLOYED'].map((status, at) => {
    return { at, tier: 'worker', status, detail: 'meanwhile', worker_id: 'w' } as const;
  });
  a.happen(id, { moves: way });
  await root.pass(60_000);
  await root.becomes(id, i => i?.status === 'RUNNING' && i.cluster_id === b.clusterId);
  await a.connect(root);
  await settled(a, b);
  const told = (await root.coordination.histories.of(id)).filter(({ detail: why }) => why === 'meanwhile');
  assert.deepEqual(
    told.map(({ status, cluster_id }) => [status, cluster_id]),
    way.map(({ status }) => [status, a.clusterId]),
  );
  assert.deepEqual([(await root.stored(id)).status, copies(id)], ['RUNNING', ['b']]);
  const stranger = await root.cluster('c');
  stranger.report({
    ...(b.has.get(id) as InstanceReport),
    moves: [{ ...(way[0] as Move), detail: 'a stranger’s' }],
  });
  await stranger.settled();
  const all = await root.coordination.histories.of(id);
  assert.ok(!all.some(({ detail: why }) => why === 'a stranger’s'));
});

describe('what an operator withdrew at a cluster that was cut off', () => {
  const tombstone = { status: 'UNDEPLOYED', withdrawn: true, status_detail: '' };

  for (const listed of [true, false])
    test(`is gone when it is back (${listed ? 'with lists' : 'with digests'})`, async () => {
      const id = await runningOnA();
      await a.cut(root);
      a.happen(id, tombstone);
      a.listed = listed;
      await a.connect(root);
      await root.becomes(id, i => i === null);
      await settled(a);
      assert.deepEqual(
        [a.has.size, await root.collections.claims.find({ owner: `instance/${id}` })],
        [0, []],
      );
      assert.ok(!a.heard.slice(1).includes('place') || b.has.size === 0);
      const told = (await root.coordination.histories.ofGone(id))?.map(({ status }) => status);
      assert.deepEqual(told?.slice(-2), ['RUNNING', 'UNDEPLOYED'], 'who misses it can read why');
    });

  test('is gone when it is reported while the root is there', async () => {
    const id = await runningOnA();
    a.happen(id, tombstone);
    await root.becomes(id, i => i === null);
    await settled(a, b);
    assert.deepEqual(copies(id), []);
  });

  test('stays when it has been given to another one; the tombstone is forgotten', async () => {
    const id = await runningOnA();
    await a.cut(root);
    a.happen(id, tombstone);
    await root.pass(60_000);
    await root.becomes(id, i => i?.status === 'RUNNING' && i.cluster_id === b.clusterId);
    await a.connect(root);
    await settled(a, b);
    assert.deepEqual(copies(id), ['b']);
    assert.deepEqual([(await root.stored(id)).desired, a.has.size], ['run', 0]);
  });
});
