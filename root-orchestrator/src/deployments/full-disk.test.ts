/** The root's disk is full from one write on, whichever that is, and has room again later. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorOf, openSqlite, STORE_ERRORS } from '@hedgerow/common';
import { type Coordinated, coordinated } from '../clusters/testing/coordinated.ts';
import { HonestSite } from '../clusters/testing/honest-site.ts';
import { type Fault, type FaultyStore, faultyStore } from '../testing/faulty-store.ts';

interface World {
  store: FaultyStore;
  root: Coordinated;
  site: HonestSite;
}

async function withWorld(run: (world: World) => Promise<void>): Promise<void> {
  const store = faultyStore(openSqlite({ file: ':memory:', durability: 'normal' }));
  const root = await coordinated({ store });
  try {
    await run({ store, root, site: await new HonestSite('site1').connect(root) });
  } finally {
    await root.stop();
    await store.close();
  }
}

/** What a caller is refused for want of room he asks for again when there is some. */
async function unlessFull<R>(ask: () => Promise<R>): Promise<R | null> {
  try {
    return await ask();
  } catch (error) {
    assert.ok(isErrorOf(error, STORE_ERRORS.STORE_FULL), String(error));
    return null;
  }
}

/** One instance goes, another one comes, while the disk is as it is. @returns writes */
async function story({ store, root, site }: World, fault: Fault | null): Promise<number> {
  const [service] = await root.application('shop', 'web');
  const first = await root.instance(service);
  await root.becomesStatus(first, 'RUNNING');
  store.arm(fault);
  const second = await unlessFull(() => root.instance(service));
  const removed = await unlessFull(() => root.remove(first).then(() => true));
  await root.pass(3000);
  if (!fault && second) await root.becomesStatus(second, 'RUNNING');
  const writes = store.writes();
  store.arm(null);
  await site.stay(root);
  await root.pass(30_000, 2500);
  await site.stay(root);
  if (!removed) await root.remove(first);
  const wanted = second ?? (await root.instance(service));
  await root.becomes(first, instance => instance === null);
  await root.becomesStatus(wanted, 'RUNNING');
  await site.client.settled();
  assert.deepEqual([...site.has.keys()], [wanted]);
  // An address that could neither be used nor given back is found by the sweep.
  await root.pass(660_000, 60_000);
  const claims = await root.collections.claims.find();
  assert.deepEqual(
    claims.map(({ owner }) => owner).filter(owner => owner.startsWith('instance/')),
    [`instance/${wanted}`],
  );
  return writes;
}

test('nothing is lost and nothing doubled when the disk is full in the middle of any step', async () => {
  let writes = 0;
  await withWorld(async world => {
    writes = await story(world, null);
  });
  assert.ok(writes >= 8, `${writes} writes`);
  for (let at = 1; at <= writes; at += 1) {
    await withWorld(async world => {
      await story(world, { at, until: 'ever after', when: 'before', error: 'STORE_FULL' });
    });
  }
});
