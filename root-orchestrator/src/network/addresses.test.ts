import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { type Collection, duplicate, isErrorOf, openSqlite, silentLogger } from '@hedgerow/common';
import { altered } from '../clusters/testing/altered.ts';
import { type Collections, openCollections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { Claim } from '../model.ts';
import { AddressBook, serviceRange } from './addresses.ts';
import { Subnets, workerRange } from './subnets.ts';

let claims: Collection<Claim>;
let collections: Collections;
beforeEach(() => {
  collections = openCollections(openSqlite({ file: ':memory:', durability: 'normal' }));
  claims = collections.claims;
});

/** Three addresses. */
const idle = { using: () => 0, log: silentLogger };
const tiny = { ...serviceRange(), last: '10.30.0.3' };

async function book(range = serviceRange()): Promise<AddressBook> {
  const made = new AddressBook(claims, range);
  await made.load();
  return made;
}

describe('service IPs', () => {
  test('are given out one after the other', async () => {
    const addresses = await book();
    assert.equal(await addresses.claimServiceIp('service/a'), '10.30.0.1');
    assert.equal(await addresses.claimInstanceIp('instance/a/0'), '10.30.0.2');
    assert.equal((await claims.get('address/10.30.0.2'))?.owner, 'instance/a/0');
  });

  test('skip what users chose', async () => {
    const addresses = await book();
    assert.equal(await addresses.claimServiceIp('service/a', '10.30.0.2'), '10.30.0.2');
    assert.equal(await addresses.claimServiceIp('service/b'), '10.30.0.1');
    assert.equal(await addresses.claimServiceIp('service/c'), '10.30.0.3');
  });

  test('may be chosen up to the last one', async () => {
    const addresses = await book();
    assert.equal(await addresses.claimServiceIp('service/a', '10.30.255.254'), '10.30.255.254');
    assert.equal(await addresses.claimServiceIp('service/b', '10.30.7.0'), '10.30.7.0');
    assert.equal(await addresses.claimServiceIp('service/c', '10.30.7.255'), '10.30.7.255');
  });

  for (const wish of [
    '',
    '10.30.0.0',
    '10.30.255.255',
    '10.31.0.1',
    '10.18.0.2',
    '10.30.1',
    '10.30.1.256',
    '10.30.01.1',
    '10.30.1.1 ',
    'fdff::1',
    '10.30.1.1/32',
  ])
    test(`refuse "${wish}"`, async () => {
      const addresses = await book();
      await assert.rejects(addresses.claimServiceIp('service/a', wish), error => {
        assert.ok(isErrorOf(error, ERRORS.SERVICE_IP_INVALID));
        assert.equal(error.kind.http, 422);
        assert.equal(error.errors[0]?.path, 'addresses.rr_ip');
        return true;
      });
      assert.deepEqual(await claims.find(), []);
    });

  test('that are taken are refused, naming the kind of owner and not the owner', async () => {
    const addresses = await book();
    await addresses.claimServiceIp('service/secret', '10.30.30.30');
    await addresses.claimInstanceIp('instance/secret/0');
    const refused = (wish: string) =>
      addresses.claimServiceIp('service/b', wish).then(
        () => assert.fail('was given'),
        (error: unknown) => {
          assert.ok(isErrorOf(error, ERRORS.SERVICE_IP_TAKEN));
          return error.message;
        },
      );
    assert.equal(await refused('10.30.30.30'), 'rr_ip 10.30.30.30 belongs to another service');
    assert.equal(await refused('10.30.0.1'), 'rr_ip 10.30.0.1 belongs to an instance');
  });

  test('that the owner has already are given again', async () => {
    const addresses = await book();
    await addresses.claimServiceIp('service/a', '10.30.30.30');
    assert.equal(await addresses.claimServiceIp('service/a', '10.30.30.30'), '10.30.30.30');
  });

  test('that were freed rest until the range was gone through', async () => {
    const addresses = await book(tiny);
    await addresses.claimServiceIp('service/a');
    await addresses.claimServiceIp('service/b');
    await addresses.release('service/a');
    assert.equal(await addresses.claimServiceIp('service/c'), '10.30.0.3');
    assert.equal(await addresses.claimServiceIp('service/d'), '10.30.0.1');
  });

  test('run out with a clear error and come back when one is freed', async () => {
    const addresses = await book(tiny);
    for (const owner of ['a', 'b', 'c']) await addresses.claimServiceIp(`service/${owner}`);
    const error = await addresses.claimInstanceIp('instance/d/0').catch((e: unknown) => e);
    assert.ok(isErrorOf(error, ERRORS.ADDRESSES_EXHAUSTED));
    assert.equal(error.kind.http, 507);
    assert.equal(error.message, 'all 3 service and instance addresses are in use');
    await addresses.release('service/b');
    assert.equal(await addresses.claimInstanceIp('instance/d/0'), '10.30.0.2');
  });

  test('are known again after a restart', async () => {
    const before = await book();
    await before.claimServiceIp('service/a');
    await before.claimServiceIp('service/b');
    const after = await book();
    await after.release('service/a');
    assert.equal(await after.claimServiceIp('service/c'), '10.30.0.3');
  });

  test('that were freed before a restart rest as well', async () => {
    const before = await book();
    await before.claimServiceIp('service/a');
    await before.claimServiceIp('service/b');
    await before.release('service/a');
    assert.equal(await (await book()).claimServiceIp('service/c'), '10.30.0.3');
  });

  test('that were chosen say nothing about where to go on after a restart', async () => {
    const before = await book();
    await before.claimServiceIp('service/a');
    await before.claimServiceIp('service/b');
    await before.claimServiceIp('service/c', '10.30.30.40');
    await before.claimServiceIp('service/d', '10.30.0.3');
    await before.release('service/a');
    const after = await book();
    assert.equal(await after.claimServiceIp('service/e'), '10.30.0.4');
    assert.equal(await after.claimInstanceIp('instance/e/0'), '10.30.0.5');
    await assert.rejects(after.claimServiceIp('service/f', '10.30.30.40'), /belongs to another service/);
  });

  test('of an owner are freed all or one; others keep theirs', async () => {
    const addresses = await book();
    await addresses.claimServiceIp('service/a', '10.30.0.7');
    await addresses.claimServiceIp('service/a', '10.30.0.8');
    await addresses.claimServiceIp('service/b', '10.30.0.9');
    await addresses.release('service/a', '10.30.0.9');
    await addresses.release('service/a', '10.30.0.7');
    assert.deepEqual(
      (await claims.find()).map(c => c.id),
      ['address/10.30.0.8', 'address/10.30.0.9'],
    );
    await addresses.release('service/a');
    assert.deepEqual(
      (await claims.find()).map(c => c.id),
      ['address/10.30.0.9'],
    );
  });
});

describe('two roots over one store', () => {
  test('find out what the other has freed, at the latest when nothing seems to be left', async () => {
    const other = altered(claims, { watch: () => () => {} });
    const [one, deaf] = [await book(tiny), new AddressBook(other, tiny)];
    for (const owner of ['a', 'b', 'c']) await one.claimServiceIp(`service/${owner}`);
    await deaf.load();
    await assert.rejects(deaf.claimServiceIp('service/d'), /in use/);
    await one.release('service/b');
    assert.equal(await deaf.claimServiceIp('service/d'), '10.30.0.2');
    await assert.rejects(one.claimServiceIp('service/e'), /in use/);
  });

  test('never give one address to two', async () => {
    const [one, other] = [await book(), await book()];
    const given = await Promise.all(
      Array.from({ length: 40 }, (_, n) => (n % 2 ? one : other).claimServiceIp(`service/${n}`)),
    );
    assert.equal(new Set(given).size, 40);
  });

  test('give a chosen address to one only', async () => {
    const [one, other] = [await book(), await book()];
    const claimed = await Promise.allSettled([
      one.claimServiceIp('service/a', '10.30.5.5'),
      other.claimServiceIp('service/b', '10.30.5.5'),
    ]);
    assert.deepEqual(claimed.map(c => c.status).sort(), ['fulfilled', 'rejected']);
  });
});

test('a store that fails is not taken for a taken address', async () => {
  let broken = true;
  const failing = altered(claims, {
    insert: claim => (broken ? Promise.reject(new Error('disk')) : claims.insert(claim)),
  });
  const addresses = new AddressBook(failing, tiny);
  await assert.rejects(addresses.claimServiceIp('service/a'), /disk/);
  broken = false;
  const given = [await addresses.claimServiceIp('service/a'), await addresses.claimServiceIp('service/b')];
  given.push(await addresses.claimServiceIp('service/c'));
  assert.deepEqual(given.sort(), ['10.30.0.1', '10.30.0.2', '10.30.0.3']);
  const taken = altered(claims, { insert: () => Promise.reject(duplicate('claims', 'x')) });
  await assert.rejects(new AddressBook(taken, tiny).claimServiceIp('service/a'), /in use/);
});

describe('worker subnets', () => {
  test('are /26s from 10.18.0.0 on, one per worker, the same one again', async () => {
    const subnets = new Subnets(claims);
    await subnets.load();
    assert.equal(await subnets.claim('c1', 'w1'), '10.18.0.0');
    assert.equal(await subnets.claim('c1', 'w2'), '10.18.0.64');
    assert.equal(await subnets.claim('c2', 'w1'), '10.18.0.128');
    assert.equal(await subnets.claim('c1', 'w1'), '10.18.0.0');
    assert.equal((await claims.get('subnet/10.18.0.64'))?.owner, 'worker/c1/w2');
  });

  test('are kept apart from addresses', async () => {
    const subnets = new Subnets(claims);
    await subnets.load();
    await subnets.claim('c1', 'w1');
    const addresses = await book();
    await addresses.release('worker/c1/w1');
    assert.equal(await subnets.claim('c1', 'w1'), '10.18.0.0');
  });

  test('end at 10.29.255.128', async () => {
    const last = { ...workerRange(), first: '10.29.255.64' };
    const subnets = new Subnets(claims, last);
    assert.equal(await subnets.claim('c1', 'w1'), '10.29.255.64');
    assert.equal(await subnets.claim('c1', 'w2'), '10.29.255.128');
    await assert.rejects(subnets.claim('c1', 'w3'), /all 2 worker subnets are in use/);
    await subnets.release('c1', 'w1');
    assert.equal(await subnets.claim('c1', 'w3'), '10.29.255.64');
  });

  test('are freed when their cluster does not know them, and claimed when only it does', async () => {
    const subnets = new Subnets(claims);
    await subnets.load();
    await subnets.claim('c1', 'w1');
    await subnets.claim('c1', 'lost');
    await subnets.claim('c2', 'lost');
    const holds = [
      { worker_id: 'w1', subnet: '10.18.0.0' },
      { worker_id: 'older', subnet: '10.18.7.0' },
      { worker_id: 'foreign', subnet: '10.18.0.128' },
      { worker_id: 'odd', subnet: '192.0.2.0' },
    ];
    const regrants = await subnets.compare('c1', holds, idle);
    const other = { cluster_id: 'c1', worker_id: 'foreign', subnet: '10.18.0.192', was: '10.18.0.128' };
    assert.deepEqual(regrants, [other]);
    assert.equal((await claims.find()).length, 5);
    await subnets.releaseDoubted('c1', silentLogger);
    const left = (await claims.find()).map(({ id, owner }) => `${id} ${owner}`);
    assert.deepEqual(left, [
      'subnet/10.18.0.0 worker/c1/w1',
      'subnet/10.18.0.128 worker/c2/lost',
      'subnet/10.18.0.192 worker/c1/foreign',
      'subnet/10.18.7.0 worker/c1/older',
    ]);
  });
});

test('a subnet that is being freed because it is doubted is not granted meanwhile', async () => {
  const [removing, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const subnets = new Subnets(
    altered(claims, {
      async remove(id, expected) {
        removing.resolve();
        await gate.promise;
        return claims.remove(id, expected);
      },
    }),
  );
  await subnets.load();
  await subnets.claim('c', 'w');
  await subnets.compare('c', [], idle);
  const freeing = subnets.releaseDoubted('c', silentLogger);
  await removing.promise;
  const again = subnets.claim('c', 'w');
  gate.resolve();
  await freeing;
  assert.equal((await claims.get(`subnet/${await again}`))?.owner, 'worker/c/w');
});
