import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { openSqlite, silentLogger } from '@hedgerow/common';
import { MetricRegistry } from '@hedgerow/common/metrics';
import { manualClock } from '@hedgerow/common/testing';
import { openCollections } from '../collections.ts';
import type { Instance, PlacedMove, Service } from '../model.ts';
import { leakedHistories } from '../network/leaks.ts';
import { faultyStore } from '../testing/faulty-store.ts';
import { Histories } from './histories.ts';
import { Waiting } from './waiting.ts';

const ONE = { id: 's/0', service_id: 's' };
const WINDOW = 500;

function move(at: number, status: string): PlacedMove {
  return { at, tier: 'root', status, detail: '', worker_id: '', cluster_id: '' };
}

async function setUp(t: TestContext) {
  const store = faultyStore(openSqlite({ file: ':memory:', durability: 'normal' }));
  t.after(() => store.close());
  const collections = openCollections(store);
  const clock = manualClock();
  const metrics = new MetricRegistry(silentLogger);
  const deps = { ...collections, clock, log: silentLogger, metrics, leads: () => true };
  const histories = new Histories(deps);
  t.after(() => histories.stop());
  /** Lets the window pass, and what it writes. */
  const pass = async (ms = WINDOW) => {
    clock.advance(ms);
    await new Promise(resolve => setImmediate(resolve));
  };
  const stored = async (id = ONE.id) => (await collections.histories.get(id))?.moves.map(m => m.status);
  return { store, collections, clock, histories, pass, stored, deps };
}

test('moves of one window are one write, and are shown before it', async t => {
  const { store, histories, pass, stored } = await setUp(t);
  store.arm(null);
  for (const [at, status] of ['REQUESTED', 'CLUSTER_SCHEDULED', 'CREATING', 'RUNNING'].entries())
    histories.record(ONE, [move(at, status)]);
  assert.equal(store.writes(), 0);
  assert.equal((await histories.of(ONE.id)).length, 4);
  await pass();
  assert.equal(store.writes(), 1);
  assert.deepEqual(await stored(), ['REQUESTED', 'CLUSTER_SCHEDULED', 'CREATING', 'RUNNING']);
});

test('what is told again is kept once, and of many moves the last 50', async t => {
  const { store, histories, pass, stored } = await setUp(t);
  const moves = Array.from({ length: 60 }, (_, at) => move(at, at % 2 === 0 ? 'FAILED' : 'RUNNING'));
  histories.record(ONE, moves.slice(0, 30));
  await pass();
  histories.record(ONE, moves.slice(20));
  await pass();
  assert.deepEqual(
    await stored(),
    moves.slice(-50).map(m => m.status),
  );
  store.arm(null);
  histories.record(ONE, moves.slice(40));
  await pass();
  assert.equal(store.writes(), 0);
});

test('a store that fails loses nothing, and is tried again', async t => {
  const { store, histories, pass, stored } = await setUp(t);
  store.arm({ at: 1, until: 'ever after', when: 'before' });
  histories.record(ONE, [move(1, 'REQUESTED')]);
  await pass();
  assert.equal(await stored(), undefined);
  histories.record(ONE, [move(2, 'RUNNING')]);
  store.arm(null);
  await pass(5000);
  assert.deepEqual(await stored(), ['REQUESTED', 'RUNNING']);
});

test('a history goes with its instance, and what is late for it is passed over', async t => {
  const { collections, histories, pass, stored } = await setUp(t);
  await collections.instances.insert({ ...ONE } as Instance);
  histories.record(ONE, [move(1, 'REQUESTED')]);
  await pass();
  await collections.instances.remove(ONE.id);
  histories.record(ONE, [move(2, 'UNDEPLOYED')]);
  await pass();
  assert.equal(await stored(), undefined);
});

describe('of what an operator removed at its cluster', () => {
  async function withdrawn(t: TestContext) {
    const world = await setUp(t);
    const { collections, histories, pass } = world;
    await collections.services.insert({ id: 's' } as Service);
    await collections.instances.insert({ ...ONE } as Instance);
    histories.record(ONE, [move(1, 'RUNNING')]);
    await pass();
    histories.record(ONE, [move(2, 'UNDEPLOYED')], 'kept');
    await collections.instances.remove(ONE.id);
    const told = async () => (await histories.ofGone(ONE.id))?.map(({ status }) => status) ?? null;
    assert.deepEqual(await told(), ['RUNNING', 'UNDEPLOYED'], 'before it is stored');
    await pass();
    return { ...world, told };
  }

  test('the history can be read for a day', async t => {
    const { told, pass, clock } = await withdrawn(t);
    assert.deepEqual(await told(), ['RUNNING', 'UNDEPLOYED']);
    clock.advance(82_800_000);
    await pass();
    assert.deepEqual(await told(), ['RUNNING', 'UNDEPLOYED']);
    clock.advance(7_200_000);
    await pass();
    assert.equal(await told(), null);
  });

  test('it goes with its service, also when that went first', async t => {
    const { told, pass, collections, histories } = await withdrawn(t);
    await collections.services.remove('s');
    await pass();
    assert.equal(await told(), null);
    await collections.instances.insert({ ...ONE } as Instance);
    histories.record(ONE, [move(3, 'UNDEPLOYED')], 'kept');
    await collections.instances.remove(ONE.id);
    await pass();
    assert.equal(await collections.histories.get(ONE.id), null);
  });

  test('it goes with the next instance of that number, when somebody removes that through the root', async t => {
    const { told, pass, collections, histories } = await withdrawn(t);
    await collections.instances.insert({ ...ONE } as Instance);
    histories.record(ONE, [move(3, 'RUNNING')]);
    await pass();
    assert.equal(await told(), null);
    assert.equal((await histories.of(ONE.id)).length, 3);
    await collections.instances.remove(ONE.id);
    await pass();
    assert.equal(await collections.histories.get(ONE.id), null);
  });

  test('the sweep takes it for nobody’s only when its service is gone', async t => {
    const { collections } = await withdrawn(t);
    assert.deepEqual(await leakedHistories(collections), []);
    const services = { ...collections.services, get: async () => null } as typeof collections.services;
    assert.equal((await leakedHistories({ ...collections, services })).length, 1);
  });
});

test('a stop writes what waits; the next process has it', async t => {
  const { histories, deps } = await setUp(t);
  histories.record(ONE, [move(1, 'REQUESTED')]);
  await histories.stop();
  const next = new Histories(deps);
  t.after(() => next.stop());
  assert.deepEqual(
    (await next.of(ONE.id)).map(m => m.status),
    ['REQUESTED'],
  );
});

test('memory is bounded: who waits longest makes room', () => {
  let lost = 0;
  const waiting = new Waiting(count => {
    lost += count;
  }, 3);
  for (const id of ['a', 'b', 'c', 'd']) waiting.add(id, 's', [move(1, 'REQUESTED')]);
  assert.deepEqual([waiting.of('a').moves.length, waiting.of('d').moves.length, lost], [0, 1, 1]);
});

test('what is gone makes room, too, and stays gone', () => {
  let lost = 0;
  const waiting = new Waiting(count => {
    lost += count;
  }, 3);
  for (const id of ['a', 'b', 'c', 'd']) {
    waiting.add(id, 's', [move(1, 'REQUESTED')]);
    waiting.gone(id);
  }
  waiting.add('e', 's', [move(1, 'REQUESTED')]);
  assert.deepEqual([waiting.of('a').gone, waiting.of('a').moves.length, lost], [true, 0, 2]);
  assert.equal(waiting.of('e').moves.length, 1);
});
