import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openSqlite, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { ApiService } from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import { AddressBook } from '../network/addresses.ts';
import type { ChangesDeps } from '../services/changes.ts';
import { type FaultyStore, faultyStore } from '../testing/faulty-store.ts';
import { startTestRoot, type TestRoot } from '../testing/root.ts';
import { microservice, sla } from '../testing/slas.ts';
import { ROOM_WITHIN, SETTLE } from './decide.ts';
import { Rollouts } from './rollouts.ts';

/** ms that a change may be waited for */
const PATIENCE = 5000;

let root: TestRoot;
let store: FaultyStore;
let clock: ManualClock;
let token: string;
let id: string;
let parts: ChangesDeps;
let rollouts: Rollouts;

beforeEach(async () => {
  store = faultyStore(openSqlite({ file: ':memory:', durability: 'normal' }));
  clock = manualClock();
  root = await startTestRoot({ store, clock });
  token = await root.login();
  const made = await root.call('POST', '/api/application', sla('shop', microservice('web')), token);
  id = made.body[0].microservices[0];
  const { collections } = root;
  const addresses = new AddressBook(collections.claims);
  await addresses.load();
  parts = { collections, addresses, clock, log: silentLogger };
  rollouts = new Rollouts(parts);
  await rollouts.start();
});

afterEach(async () => {
  await rollouts.stop();
  await root.stop();
  await store.close();
});

const all = () => root.collections.instances.find({ service_id: id });
const put = (body: object) => root.call('PUT', `/api/service/${id}`, body, token);
const shown = async (): Promise<ApiService> =>
  (await root.call('GET', `/api/service/${id}`, undefined, token)).body;

async function set(number: number, fields: Partial<Instance>): Promise<void> {
  const instance = await root.collections.instances.get(`${id}/${number}`);
  assert.ok(instance, `instance ${number}`);
  await root.collections.instances.replace({ ...instance, ...fields }, instance.revision);
}

const runs = (number: number) => set(number, { status: 'RUNNING', cluster_id: 'c', status_detail: '' });

async function addRunning(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const added = await root.call('POST', `/api/service/${id}/instance`, undefined, token);
    await runs(added.body.instance_number);
  }
}

/** Instances that are wanted as `number:generation`, or with `<old` when they are to take an old one's place. */
async function wanted(): Promise<string> {
  const left = (await all()).filter(({ desired }) => desired === 'run');
  return left
    .sort((a, b) => a.instance_number - b.instance_number)
    .map(i => `${i.instance_number}:${i.generation}${i.replaces === undefined ? '' : `<${i.replaces}`}`)
    .join(' ');
}

async function becomes(what: () => Promise<string>, expected: string | RegExp): Promise<void> {
  const until = performance.now() + PATIENCE;
  for (;;) {
    const found = await what();
    if (typeof expected === 'string' ? found === expected : expected.test(found)) return;
    assert.ok(performance.now() < until, `it stays ${found}, not ${expected}`);
    await new Promise(resolve => setImmediate(resolve));
  }
}

const state = async () => {
  const { rollout, code } = await shown();
  return `${rollout?.state} ${code}: ${rollout?.detail}`;
};

/** The new one runs and goes on running. */
async function settles(number: number): Promise<void> {
  await runs(number);
  await quiet();
  clock.advance(SETTLE);
}

/** Whatever was to be done about the last change is done. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve));
}

describe('an update', () => {
  test('replaces one instance after the other; each old one stays until its successor has run for a while', async () => {
    await addRunning(2);
    await put({ code: 'web:2' });
    await becomes(wanted, '0:1 1:1 2:2<0');
    await set(2, { status: 'CREATING', cluster_id: 'c' });
    await quiet();
    assert.equal(await wanted(), '0:1 1:1 2:2<0');
    await runs(2);
    await quiet();
    assert.equal(await wanted(), '0:1 1:1 2:2<0', 'it has just begun to run');
    clock.advance(SETTLE);
    await becomes(wanted, '1:1 2:2<0 3:2<1');
    await becomes(state, 'rolling web:2: 1 of 2 instances are replaced');
    await settles(3);
    await becomes(wanted, '2:2<0 3:2<1');
    await becomes(state, 'done web:2: every instance runs the new specification');
  });

  test('goes on under the id of the request that asked for it', async () => {
    await addRunning(1);
    const headers = {
      Authorization: `Bearer ${token}`,
      'X-Request-Id': 'roll-1',
      'Content-Type': 'application/json',
    };
    await fetch(`${root.url}/api/service/${id}`, { method: 'PUT', headers, body: '{"memory":1}' });
    await becomes(wanted, '0:1 1:2<0');
    await settles(1);
    await becomes(wanted, '1:2<0');
    assert.deepEqual(
      (await all()).map(i => [i.instance_number, i.desired, i.request_id]),
      [
        [0, 'gone', 'roll-1'],
        [1, 'run', 'roll-1'],
      ],
    );
    assert.equal((await shown()).rollout?.request_id, 'roll-1');
  });

  for (const status of ['FAILED', 'DEAD'] as const) {
    test(`is undone when a new instance is ${status}: those that were replaced come back, too`, async () => {
      await addRunning(2);
      await put({ code: 'web:2' });
      await becomes(wanted, '0:1 1:1 2:2<0');
      await settles(2);
      await becomes(wanted, '1:1 2:2<0 3:2<1');
      await runs(3);
      await set(3, { status, status_detail: 'exit code 1' });
      await becomes(wanted, '1:1 2:2<0 4:3<2');
      const why = `instance 3, which was to take over, is ${status}: exit code 1`;
      await becomes(state, `undoing hedgerow/demo:1: ${why}`);
      await settles(4);
      await becomes(wanted, '1:1 4:3<2');
      await becomes(state, `undone hedgerow/demo:1: ${why}`);
    });
  }

  test('is undone when there is no room for a new instance', async () => {
    await addRunning(1);
    await put({ memory: 100_000 });
    await becomes(wanted, '0:1 1:2<0');
    await set(1, { status: 'NoActiveClusterWithCapacity', status_detail: 'of 1 known cluster, 0 have room' });
    await quiet();
    clock.advance(ROOM_WITHIN);
    await becomes(wanted, '0:1');
    await becomes(state, /^undone .* is NoActiveClusterWithCapacity after 60 s: of 1 known cluster/);
  });

  test('that begins to run and dies within the time for settling is undone', async () => {
    await addRunning(1);
    await put({ code: 'web:2' });
    await becomes(wanted, '0:1 1:2<0');
    await runs(1);
    await quiet();
    clock.advance(SETTLE - 1);
    await set(1, { status: 'CREATING' });
    await quiet();
    await runs(1);
    await quiet();
    clock.advance(SETTLE - 1);
    await quiet();
    assert.equal(await wanted(), '0:1 1:2<0', 'the time counts from the last start');
    await set(1, { status: 'DEAD' });
    await becomes(state, /^undone /);
    assert.equal(await wanted(), '0:1');
  });

  test('whose way back fails as well says so, and leaves what serves', async () => {
    await addRunning(2);
    await put({ code: 'web:2' });
    await becomes(wanted, '0:1 1:1 2:2<0');
    await settles(2);
    await becomes(wanted, '1:1 2:2<0 3:2<1');
    await set(3, { status: 'FAILED', cluster_id: 'c' });
    await becomes(wanted, '1:1 2:2<0 4:3<2');
    await set(4, { status: 'FAILED', cluster_id: 'c', status_detail: 'gone' });
    await becomes(wanted, '1:1 2:2<0');
    await becomes(state, 'failed hedgerow/demo:1: instance 4, which was to take over, is FAILED: gone');
    await put({ code: 'web:3' });
    await becomes(wanted, '1:1 2:2<0 5:4<1');
  });

  test('is taken back by a request in the middle', async () => {
    await addRunning(1);
    await put({ code: 'web:2' });
    await becomes(wanted, '0:1 1:2<0');
    assert.equal((await put({ code: 'hedgerow/demo:1' })).status, 200);
    await becomes(wanted, '0:1');
    await becomes(state, 'undone hedgerow/demo:1: taken back by a request');
  });

  test('goes on in another process, wherever the first one stopped', async () => {
    await addRunning(2);
    await rollouts.stop();
    await put({ code: 'web:2' });
    for (const expected of ['0:1 1:1 2:2<0', '1:1 2:2<0 3:2<1', '2:2<0 3:2<1']) {
      rollouts = new Rollouts(parts);
      await rollouts.start();
      await becomes(wanted, expected);
      await quiet();
      const newest = (await all()).at(-1)?.instance_number ?? 0;
      await rollouts.stop();
      await runs(newest);
      rollouts = new Rollouts(parts);
      await rollouts.start();
      await quiet();
      clock.advance(SETTLE);
      await quiet();
      await rollouts.stop();
    }
    rollouts = new Rollouts(parts);
    await rollouts.start();
    await becomes(state, /^done web:2/);
  });

  test('a store that fails for a while delays it', async () => {
    await addRunning(1);
    await put({ code: 'web:2' });
    await becomes(wanted, '0:1 1:2<0');
    await runs(1);
    await quiet();
    await store.arm({ at: 1, until: 'once', when: 'before' });
    clock.advance(SETTLE);
    await quiet();
    assert.equal(await wanted(), '0:1 1:2<0');
    clock.advance(5000);
    await becomes(state, /^done web:2/);
    assert.equal(await wanted(), '1:2<0');
  });
});

describe('in the middle of an update', () => {
  beforeEach(async () => {
    await addRunning(2);
    await put({ code: 'web:2' });
    await becomes(wanted, '0:1 1:1 2:2<0');
  });

  const remove = (number: number) =>
    root.call('DELETE', `/api/service/${id}/instance/${number}`, undefined, token);

  test('one more instance is of the new specification and stays', async () => {
    await addRunning(1);
    assert.equal(await wanted(), '0:1 1:1 2:2<0 3:2');
    await settles(2);
    await becomes(wanted, '1:1 2:2<0 3:2 4:2<1');
    await settles(4);
    await becomes(wanted, '2:2<0 3:2 4:2<1');
    await becomes(state, /^done/);
  });

  test('one more instance goes back when the update does', async () => {
    await addRunning(1);
    await set(2, { status: 'FAILED', cluster_id: 'c' });
    await becomes(wanted, '0:1 1:1 3:2 4:3<3');
    await settles(4);
    await becomes(wanted, '0:1 1:1 4:3<3');
    await becomes(state, /^undone/);
  });

  test('an instance that is removed takes its successor with it', async () => {
    assert.equal((await remove(0)).status, 200);
    await becomes(wanted, '1:1 3:2<1');
    await settles(3);
    await becomes(wanted, '3:2<1');
    await becomes(state, /^done/);
  });

  test('another old instance may be removed', async () => {
    await remove(1);
    await settles(2);
    await becomes(wanted, '2:2<0');
    await becomes(state, /^done/);
  });

  test('a successor that is removed is made again', async () => {
    await remove(2);
    await becomes(wanted, '0:1 1:1 3:2<0');
  });

  test('all may be removed: -1', async () => {
    await remove(-1);
    await becomes(state, /^done/);
    assert.equal(await wanted(), '');
  });

  test('the service may be removed', async () => {
    assert.equal((await root.call('DELETE', `/api/service/${id}`, undefined, token)).status, 200);
    await quiet();
    assert.equal(await wanted(), '');
  });
});
