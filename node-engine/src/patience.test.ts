/** A worker whose disk is full, on a real file system that is. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Document, openSqlite, put, silentLogger, update } from '@hedgerow/common';
import { manualClock, smallDisk, withoutSmallDisk } from '@hedgerow/common/testing';
import { DOWN } from '@hedgerow/protos';
import { type MayWait, patientStore } from './patience.ts';
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
    const store = patientStore(open(), { desired: sameOrder }, { clock, log: silentLogger });
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
