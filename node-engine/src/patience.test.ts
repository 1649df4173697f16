/** A worker whose disk is full, on a real file system that is. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  type Collection,
  type Document,
  HedgerowError,
  type New,
  openSqlite,
  put,
  STORE_ERRORS,
  silentLogger,
  update,
} from '@hedgerow/common';
import { manualClock, smallDisk, withoutSmallDisk } from '@hedgerow/common/testing';
import { DOWN } from '@hedgerow/protos';
import { type MayWait, patientStore } from './patience.ts';
import { Reserve } from './reserve.ts';
import { makeDeploy } from './testing/deploys.ts';
import { startTestCluster } from './testing/test-cluster.ts';
import { report, startTestWorker } from './testing/worker.ts';

interface Order extends Document {
  deploy: string;
  ended?: boolean;
}

const sameOrder: MayWait<Order> = (before, next) => before.deploy === next.deploy;
const LARGE = 'x'.repeat(64 * 1024);

describe('a full disk', { skip: withoutSmallDisk() }, () => {
  function disk(t: TestContext) {
    const made = smallDisk();
    t.after(() => made.remove());
    return made;
  }

  it('takes no order; what is to go goes, what happened is known, and both are stored when there is room', async t => {
    const { path, fill, clear } = disk(t);
    const file = join(path, 'node.sqlite');
    const clock = manualClock();
    const open = () => openSqlite({ file, durability: 'normal' });
    const reserve = new Reserve(join(path, 'reserve'), silentLogger);
    const store = await patientStore(open(), { desired: sameOrder }, { clock, log: silentLogger, reserve });
    const orders = store.collection<Order>('desired', []);
    for (const id of ['stays', 'goes', 'ends', 'returns']) await put(orders, { id, deploy: LARGE });
    fill();
    await assert.rejects(put(orders, { id: 'new', deploy: LARGE }), { code: 'STORE_FULL' });
    await assert.rejects(put(orders, { id: 'stays', deploy: `${LARGE}!` }), { code: 'STORE_FULL' });
    await orders.remove('goes');
    await orders.remove('returns');
    await update(orders, 'ends', order => ({ ...order, ended: true }));
    const ids = async () => (await orders.find()).map(({ id, ended }) => id + (ended ? ' ended' : ''));
    assert.deepEqual(await ids(), ['ends ended', 'stays']);
    assert.equal(await orders.get('goes'), null);
    clock.advance(5000);
    await new Promise(setImmediate);
    assert.deepEqual(await ids(), ['ends ended', 'stays'], 'still full');
    clear();
    await put(orders, { id: 'returns', deploy: 'again' });
    clock.advance(5000);
    await new Promise(setImmediate);
    await store.close();
    const again = open();
    const stored = await again.collection<Order>('desired', []).find();
    assert.deepEqual(
      stored.map(({ id, ended }) => id + (ended ? ' ended' : '')),
      ['ends ended', 'returns', 'stays'],
    );
    await again.close();
  });

  it('what it cannot take is known to the next engine when this one is killed', async t => {
    const { path, fill, clear } = disk(t);
    const files: (() => void)[] = [];
    const open = async (clock = manualClock()) => {
      const inner = openSqlite({ file: join(path, 'node.sqlite'), durability: 'normal' });
      const reserve = new Reserve(join(path, 'reserve'), silentLogger);
      files.push(() => reserve.close());
      return patientStore(inner, { desired: sameOrder }, { clock, log: silentLogger, reserve });
    };
    const before = (await open()).collection<Order>('desired', []);
    for (const id of ['ends', 'goes', 'returns', 'stays']) await put(before, { id, deploy: LARGE });
    const small = await put(before, { id: 'small', deploy: 'small' });
    fill();
    for (const id of ['goes', 'returns']) await before.remove(id);
    await update(before, 'small', order => ({ ...order, ended: true, deploy: small.deploy }));
    const listed = async (orders: Collection<Order>) =>
      (await orders.find()).map(({ id, ended }) => id + (ended ? ' ended' : ''));

    const clock = manualClock();
    const second = await open(clock);
    const now = second.collection<Order>('desired', []);
    assert.deepEqual(await listed(now), ['ends', 'small ended', 'stays'], 'still full');
    clear();
    await put(now, { id: 'returns', deploy: 'anew' });
    clock.advance(5000);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);

    const third = (await open()).collection<Order>('desired', []);
    assert.deepEqual(await listed(third), ['ends', 'returns', 'small ended', 'stays']);
    assert.equal((await third.get('returns'))?.deploy, 'anew');
    for (const close of files) close();
  });

  it('is the answer to an order at once; the same order is taken when there is room', async t => {
    const { path, fill, clear } = disk(t);
    const cluster = await startTestCluster();
    const worker = await startTestWorker(cluster, '/nowhere/docker.sock', null, { data: path });
    t.after(async () => {
      await worker.stop();
      await cluster.stop();
    });
    await cluster.send(DOWN.deploy, makeDeploy());
    await report(cluster, 'CREATING');
    fill();
    const order = makeDeploy({ instance_number: 1, environment: [`LARGE=${LARGE}`] });
    await cluster.send(DOWN.deploy, order);
    const refused = await report(cluster, 'FAILED', 1);
    assert.match(refused.status_detail, /^the disk of worker w1 is full: /);
    assert.deepEqual([refused.generation, refused.epoch], [0, 0]);
    await cluster.send(DOWN.deploy, makeDeploy({ generation: 2, environment: [`LARGE=${LARGE}`] }));
    assert.equal((await report(cluster, 'FAILED', 0)).generation, 0, 'also for one that is there');
    await cluster.send(DOWN.sync, {});
    const sync = await cluster.up.take(({ leaf, json }) => leaf === 'sync' && hasInstances(json()), 'sync');
    const instances = sync.json().instances as { instance: number; generation: number }[];
    assert.deepEqual(
      instances.map(({ instance, generation }) => [instance, generation]),
      [[0, 1]],
    );
    cluster.cut();
    await cluster.registrations.take(() => true, 'registration');
    await cluster.up.take(({ leaf, json }) => leaf === 'presence' && json().online === true, 'presence');
    clear();
    await cluster.send(DOWN.deploy, order);
    await report(cluster, 'CREATING', 1);
  });
});

function hasInstances({ instances }: Record<string, unknown>): boolean {
  return (instances as unknown[]).length > 0;
}

it('a store that cannot even be read keeps nobody from removing what is to go', async t => {
  const disk = openSqlite({ file: ':memory:', durability: 'normal' });
  let broken = false;
  const inner: typeof disk = {
    ...disk,
    collection<T extends Document>(name: string, indexes: readonly (keyof T & string)[]): Collection<T> {
      const made = disk.collection<T>(name, indexes);
      const fails = () => Promise.reject(new HedgerowError(STORE_ERRORS.STORE_FAILED, 'disk I/O error'));
      return new Proxy(made, {
        get: (of, call: keyof Collection<T>) => (broken ? fails : (of[call] as () => unknown).bind(of)),
      });
    },
  };
  const directory = mkdtempSync(join(tmpdir(), 'hedgerow-patience-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const parts = { clock: manualClock(), log: silentLogger };
  const reserve = new Reserve(join(directory, 'reserve'), silentLogger);
  const store = await patientStore(inner, { desired: sameOrder }, { ...parts, reserve });
  const orders = store.collection<Order>('desired', []);
  await put(orders, { id: 'goes', deploy: 'first' });
  broken = true;
  assert.equal(await orders.remove('goes'), true);
  assert.equal(await orders.get('goes'), null);
  broken = false;
  await store.close();
});

it('an order that comes while what waited is stored is not removed with what was there before', async t => {
  const clock = manualClock();
  const disk = openSqlite({ file: ':memory:', durability: 'normal' });
  let full = false;
  const inner: typeof disk = {
    ...disk,
    collection<T extends Document>(name: string, indexes: readonly (keyof T & string)[]): Collection<T> {
      const made = disk.collection<T>(name, indexes);
      const unlessFull =
        <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
        async (...args: A) => {
          if (full) throw new HedgerowError(STORE_ERRORS.STORE_FULL, 'no room');
          return call(...args);
        };
      return {
        get: id => made.get(id),
        find: (filter, page) => made.find(filter, page),
        watch: watcher => made.watch(watcher),
        insert: unlessFull((document: New<T>) => made.insert(document)),
        replace: unlessFull((next: New<T>, revision: number) => made.replace(next, revision)),
        remove: unlessFull((id: string, revision?: number) => made.remove(id, revision)),
      };
    },
  };
  const directory = mkdtempSync(join(tmpdir(), 'hedgerow-patience-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const reserve = new Reserve(join(directory, 'reserve'), silentLogger);
  const store = await patientStore(inner, { desired: sameOrder }, { clock, log: silentLogger, reserve });
  const orders = store.collection<Order>('desired', []);
  for (const id of ['ends', 'goes']) await put(orders, { id, deploy: 'first' });
  full = true;
  await update(orders, 'ends', order => ({ ...order, ended: true }));
  await orders.remove('goes');
  full = false;
  clock.advance(5000);
  await put(orders, { id: 'goes', deploy: 'again' });
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  const stored = await disk.collection<Order>('desired', []).find();
  assert.deepEqual(
    stored.map(({ id, deploy, ended }) => `${id} ${deploy}${ended ? ' ended' : ''}`),
    ['ends first ended', 'goes again'],
  );
  await store.close();
});
