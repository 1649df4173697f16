/** Two workers with one subnet: what a root whose store was put back to an older state finds. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { type Collection, openSqlite, silentLogger } from '@hedgerow/common';
import { openCollections } from '../collections.ts';
import type { Claim } from '../model.ts';
import { Subnets, workerRange } from './subnets.ts';

const S = '10.18.0.0';
let claims: Collection<Claim>;
let subnets: Subnets;
/** `<cluster> <subnet>` → instances */
let used: Map<string, number>;

beforeEach(async () => {
  ({ claims } = openCollections(openSqlite({ file: ':memory:', durability: 'normal' })));
  used = new Map();
  subnets = await open();
  // after the store was put back, cluster b was given what a's worker has
  assert.equal(await subnets.claim('b', 'new'), S);
});

async function open(range = workerRange()): Promise<Subnets> {
  const opened = new Subnets(claims, range);
  await opened.load();
  return opened;
}

const compare = (cluster: string, ...holds: [holder: string, subnet: string][]) =>
  subnets.compare(
    cluster,
    holds.map(([worker_id, subnet]) => ({ worker_id, subnet })),
    { using: (id, subnet) => used.get(`${id} ${subnet}`) ?? 0, log: silentLogger },
  );

const owners = async () =>
  Object.fromEntries((await claims.find()).map(({ id, owner }) => [id.slice('subnet/'.length), owner]));

describe('the one who keeps it', () => {
  test('has it by the store, when neither has more to lose', async () => {
    const told = await compare('a', ['old', S]);
    assert.deepEqual(told, [{ cluster_id: 'a', worker_id: 'old', subnet: '10.18.0.64', was: S }]);
    assert.deepEqual(await owners(), { [S]: 'worker/b/new', '10.18.0.64': 'worker/a/old' });
  });

  test('has more instances there', async () => {
    used = new Map([
      [`a ${S}`, 2],
      [`b ${S}`, 1],
    ]);
    const told = await compare('a', ['old', S]);
    assert.deepEqual(told, [{ cluster_id: 'b', worker_id: 'new', subnet: '10.18.0.64', was: S }]);
    assert.deepEqual(await owners(), { [S]: 'worker/a/old', '10.18.0.64': 'worker/b/new' });
    assert.ok(subnets.isFreeFor('a', S));
    assert.ok(!subnets.isFreeFor('b', S));
  });

  test('says that he has it, when the other one does not', async () => {
    await compare('b');
    assert.deepEqual(await compare('a', ['old', S]), []);
    assert.deepEqual(await owners(), { [S]: 'worker/a/old' });
    await subnets.releaseDoubted('b', silentLogger);
    assert.deepEqual(await owners(), { [S]: 'worker/a/old' });
  });
});

test('who has not heard of it is told again, and of the same one, whatever has changed since', async () => {
  const told = await compare('a', ['old', S]);
  used.set(`a ${S}`, 9);
  assert.deepEqual(await compare('a', ['old', S]), told);
  await subnets.releaseDoubted('a', silentLogger);
  assert.deepEqual(await owners(), { [S]: 'worker/b/new', '10.18.0.64': 'worker/a/old' });
  assert.deepEqual(await compare('a', ['old', '10.18.0.64']), []);
});

test('two of one cluster: one of them', async () => {
  const told = await compare('b', ['new', S], ['twin', S]);
  assert.deepEqual(
    told.map(({ worker_id }) => worker_id),
    ['twin'],
  );
});

test('both ask at once: each subnet has one owner, and each of them one subnet', async () => {
  used.set(`a ${S}`, 3);
  const [told] = await Promise.all([compare('a', ['old', S]), compare('b', ['new', S])]);
  const again = await compare('b', ['new', S]);
  assert.deepEqual(again, told);
  assert.deepEqual(Object.values(await owners()).sort(), ['worker/a/old', 'worker/b/new']);
});

test('when no other one is left nobody is told, and the next list tries again', async () => {
  subnets = await open({ ...workerRange(), last: S });
  assert.deepEqual(await compare('a', ['old', S]), []);
  subnets = await open();
  assert.equal((await compare('a', ['old', S])).length, 1);
});
