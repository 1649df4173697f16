/** Workers that come and go while the root is away. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OFFER, postRegister } from '../testing/hand-worker.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

let site: Site;
beforeEach(async () => {
  site = await Site.start({ spareSubnets: 2 });
  await until('there are spares', () => site.root.claims.size === 2);
});
afterEach(() => site.stop());

const remove = async (id: string) =>
  (await fetch(`${site.cluster.url}/api/workers/${id}`, { method: 'DELETE' })).status;

async function rootGoes(): Promise<void> {
  site.root.obliging.welcome = false;
  site.root.cut();
  await until('the loss is noticed', async () => {
    const answer = await fetch(`${site.cluster.url}/api/cluster/status`);
    return !((await answer.json()) as { connected_to_root: boolean }).connected_to_root;
  });
}

/** @returns what the cluster says that it has */
async function rootComes(): Promise<Map<string, string>> {
  site.root.obliging.welcome = true;
  const before = site.root.inbox.all.length;
  const list = await until('the cluster is back', () => {
    site.clock.advance(500);
    return site.root.inbox.all.slice(before).find(message => message.list)?.list;
  });
  return new Map(list.subnets.map(({ worker_id, subnet }) => [worker_id, subnet]));
}

test('spare subnets serve them, and the root learns of all', async () => {
  await rootGoes();
  const first = await site.register({ host: 'first' });
  const second = await site.register({ host: 'second' });
  const third = await postRegister(site.cluster.url, OFFER);
  assert.deepEqual([third.status, (third.body as { error: string }).error], [503, 'ROOT_UNREACHABLE']);
  assert.equal(await remove(first.id), 200);
  const next = await site.register({ host: 'next' });
  assert.equal(next.subnet, first.subnet);
  assert.equal(await remove(second.id), 200);
  const held = await rootComes();
  assert.deepEqual([...held].sort(), [...site.root.claims].sort());
  await until('there are spares again', () => site.root.claims.size === 3);
  await rootGoes();
  const after = await rootComes();
  assert.deepEqual([...after].sort(), [...site.root.claims].sort());
  assert.equal(after.size, 3);
});

test('a restart forgets neither workers nor spares', async () => {
  const { id, secret, subnet } = await site.register();
  await until('there are spares again', () => site.root.claims.size === 3);
  await rootGoes();
  await site.cluster.stop();
  site.root.obliging.welcome = true;
  await site.startCluster();
  const list = site.root.inbox.all.findLast(message => message.list)?.list;
  assert.deepEqual(
    (list?.subnets ?? []).map(hold => [hold.worker_id, hold.subnet]).sort(),
    [...site.root.claims].sort(),
  );
  assert.equal((await site.register({ id, secret })).subnet, subnet);
});
