/** Two roots over one store, in one process; each has its own clock, so that one of them can stand still. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openSqlite, type Store } from '@hedgerow/common';
import { type Coordinated, coordinated, LEASE } from '../clusters/testing/coordinated.ts';
import { type LinkClient, linkClient, makeHello, report } from '../clusters/testing/link-client.ts';
import { type SharedView, shareStore } from '../testing/shared-view.ts';

let store: Store;
let a: Coordinated;
let b: Coordinated;
let [viewOfA, viewOfB]: SharedView[] = [];

beforeEach(async () => {
  store = openSqlite({ file: ':memory:', durability: 'normal' });
  const newView = shareStore(store);
  [viewOfA, viewOfB] = [newView(), newView()];
  a = await coordinated({ store: viewOfA });
  b = await coordinated({ store: viewOfB });
});
afterEach(async () => {
  for (const root of [a, b]) await root.stop();
  await store.close();
});

async function until(what: string, happened: () => boolean): Promise<void> {
  const end = performance.now() + 3000;
  while (!happened()) {
    assert.ok(performance.now() < end, `did not happen: ${what}`);
    await new Promise(setImmediate);
  }
}

/** In steps, so that a leader renews its lease meanwhile. */
async function pass(root: Coordinated, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    root.clock.advance(500);
    for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
  }
}

/** The other root's time goes by; this one's does not. */
async function silence(waiting: Coordinated): Promise<void> {
  await pass(waiting, LEASE + 1000);
  await until('the other one leads', () => waiting.coordination.leads());
}

/** The process ends: nothing of it reaches the store, no stream is left. */
async function kill(root: Coordinated, view: SharedView | undefined, site: LinkClient): Promise<void> {
  assert.ok(view);
  view.down = true;
  site.close();
  await site.ended;
  await silence(root === a ? b : a);
}

const sees = (root: Coordinated, site: LinkClient) => root.coordination.sessions.isConnected(site.clusterId);

describe('of two roots', () => {
  test('one leads; the other sends clusters to it, and knows which are connected', async () => {
    assert.deepEqual([a.coordination.leads(), b.coordination.leads()], [true, false]);
    const site = await a.cluster('site1');
    assert.equal(site.epoch, 1);
    const lost = b.dial('site2');
    assert.deepEqual(await lost.next('refused'), {
      code: 'NOT_LEADING',
      message: 'another root leads',
      leader: a.address,
    });
    await lost.ended;
    await until('b knows', () => sees(b, site));
    site.close();
    await until('b knows that it went', () => !sees(b, site));
  });

  test('the one that does not lead deploys, undeploys and deletes like the other', async () => {
    const site = await a.cluster('site1');
    const [web, db] = await b.application('shop', 'web', 'db');
    const id = await b.instance(web);
    const place = await site.next('place');
    site.accept(place);
    site.report(report(place));
    await b.becomesStatus(id, 'RUNNING');
    await b.remove(id);
    await site.next('remove');
    site.report(report(place, { status: 'UNDEPLOYED' }));
    await b.becomes(id, instance => instance === null);

    const second = await b.instance(web);
    site.accept(await site.next('place'));
    await b.becomesStatus(second, 'NODE_SCHEDULED');
    await site.settled();
    await b.removeService(db);
    await until('the cluster hears of the service', () =>
      site.heard('table_entry').some(entry => entry.removed && entry.job_name === db?.job_name),
    );
    await b.removeService(web);
    await site.next('remove');
    const owners = (await a.collections.claims.find()).map(claim => claim.owner.split('/')[0]);
    assert.deepEqual(owners.sort(), ['application', 'instance'], 'the rest is free at once');
  });

  test('both give out addresses, and never one twice', async () => {
    const [fromA, fromB] = await Promise.all([a.application('one', 'web'), b.application('two', 'web')]);
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? a.instance(fromA[0]) : b.instance(fromB[0]))),
    );
    const instances = await a.collections.instances.find();
    const given = [...instances.map(i => i.instance_ip), fromA[0]?.service_ip, fromB[0]?.service_ip];
    assert.equal(new Set(given).size, 22);
  });
});

describe('when the leading root dies', () => {
  test('in the middle of a placement that was accepted, the other adopts the instance', async () => {
    const site = await a.cluster('site1');
    const [web] = await a.application('shop', 'web');
    const id = await a.instance(web);
    const place = await site.next('place');
    await kill(a, viewOfA, site);
    const [back] = [b.dial('site1')];
    await back.hello([report(place, { status: 'CREATING' })]);
    assert.equal(back.epoch, 2);
    await back.settled();
    assert.equal((await b.stored(id)).status, 'CREATING');
    await pass(b, 60_000);
    await back.settled();
    assert.equal(back.heard('place').length + back.heard('remove').length, 0);
  });

  test('before its Place arrived, the other asks the same cluster, once', async () => {
    const site = await a.cluster('site1');
    const [web] = await a.application('shop', 'web');
    const id = await a.instance(web);
    await site.next('place');
    await kill(a, viewOfA, site);
    const other = await b.cluster('site2');
    const back = await b.cluster('site1');
    const place = await back.next('place');
    back.accept(place);
    await b.becomesStatus(id, 'NODE_SCHEDULED');
    await pass(b, 60_000);
    await Promise.all([back.settled(), other.settled()]);
    assert.equal(back.heard('place').length + other.heard('place').length, 0);
  });

  test('while nobody leads, what is wanted is stored, and placed by the next one', async () => {
    const site = await a.cluster('site1');
    assert.ok(viewOfA);
    viewOfA.down = true;
    site.close();
    const [web] = await b.application('shop', 'web');
    const id = await b.instance(web);
    assert.equal((await b.stored(id)).status, 'REQUESTED');
    await silence(b);
    const back = await b.cluster('site1');
    back.accept(await back.next('place'));
    await b.becomesStatus(id, 'NODE_SCHEDULED');
  });

  test('an instance that was to go is removed by the next one', async () => {
    const site = await a.cluster('site1');
    const [web] = await a.application('shop', 'web');
    const id = await a.instance(web);
    const place = await site.next('place');
    site.accept(place);
    await a.becomesStatus(id, 'NODE_SCHEDULED');
    assert.ok(viewOfA);
    viewOfA.down = true;
    site.close();
    await b.remove(id);
    await silence(b);
    const back = b.dial('site1');
    await back.hello([report(place)]);
    await back.next('remove');
    back.report(report(place, { status: 'UNDEPLOYED' }));
    await b.becomes(id, instance => instance === null);
  });
});

describe('a leader that was paused', () => {
  test('lets its clusters go and writes nothing when it wakes; then it serves as the other one', async () => {
    const site = await a.cluster('site1');
    const [web] = await a.application('shop', 'web');
    const id = await a.instance(web);
    const place = await site.next('place');
    assert.ok(viewOfA);
    viewOfA.down = true;
    await silence(b);
    const before = await b.stored(id);
    viewOfA.down = false;
    // Its clock goes on where the lease is over; the cluster's answer was on its way to the sleeper.
    site.accept(place);
    a.clock.advance(LEASE * 0.8);
    await site.ended;
    assert.deepEqual(await b.stored(id), before);
    assert.equal(a.coordination.leads(), false);

    const back = b.dial('site1');
    await back.hello([report(place)]);
    await a.becomesStatus(id, 'RUNNING');
    await until('a knows', () => sees(a, back));
    const second = await a.instance(web);
    back.aggregate();
    back.accept(await back.next('place'));
    await a.becomesStatus(second, 'NODE_SCHEDULED');
  });

  test('is told by the store, before its own clock says so', async () => {
    const site = await a.cluster('site1');
    await silence(b);
    await site.ended;
    assert.equal(a.coordination.leads(), false);
    assert.deepEqual(a.coordination.leader(), { epoch: 2, address: b.address });
  });
});

test('a leader that resigns is followed at once, and still answers', async () => {
  const site = await a.cluster('site1');
  await a.coordination.resign();
  await site.ended;
  await until('b leads', () => b.coordination.leads());
  const back = await b.cluster('site1');
  assert.equal(back.clusterId, site.clusterId);
  const [web] = await a.application('shop', 'web');
  await a.instance(web);
  await back.next('place');
});

test('a cluster that knows a later epoch makes the leader take one after it', async () => {
  const site = a.dial('site1');
  site.send({ hello: makeHello('site1', { epoch: 7 }) });
  assert.equal((await site.next('refused')).code, 'NOT_LEADING');
  await until('it leads again', () => a.coordination.leader()?.epoch === 8);
  const again = linkClient(a.address, 'site1', 'join-token');
  await again.hello([], { epoch: 7 });
  assert.equal(again.epoch, 8);
  again.close();
});

test('a cluster that names an epoch that cannot be is refused, and moves nobody’s lease', async () => {
  const site = a.dial('site1');
  site.send({ hello: makeHello('site1', { epoch: 4_000_000_000 }) });
  assert.equal((await site.next('refused')).code, 'EPOCH_ABSURD');
  await site.ended;
  assert.deepEqual([a.coordination.leads(), a.coordination.leader()?.epoch], [true, 1]);
});

test('an instance that somebody tied to a connected cluster, and did not ask it for, is asked for', async () => {
  const site = await a.cluster('site1');
  const [web] = await a.application('shop', 'web');
  site.aggregate({ free_vcpus: 0, largest_free_vcpus: 0, virtualization: [] });
  await site.settled();
  const id = await b.instance(web);
  await b.becomesStatus(id, 'NoActiveClusterWithCapacity');
  const stored = await b.stored(id);
  const tied = { ...stored, status: 'CLUSTER_SCHEDULED', cluster_id: site.clusterId } as const;
  await b.collections.instances.replace(tied, stored.revision);
  await pass(a, 10_000);
  site.accept(await site.next('place'));
  await b.becomesStatus(id, 'NODE_SCHEDULED');
});
