import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { RETRIES, ROOM_WITHIN, SETTLE } from './decide.ts';
import { quiet, type Rolling, startRolling } from './testing/rolling.ts';

let update: Rolling;

beforeEach(async () => {
  update = await startRolling();
});
afterEach(() => update.stop());

describe('an update', () => {
  test('replaces one instance after the other; each old one stays until its successor has run for a while', async () => {
    await update.addRunning(2);
    await update.put({ code: 'web:2' });
    await update.becomes('0:1 1:1 2:2<0');
    await update.set(2, { status: 'CREATING', cluster_id: 'c' });
    await quiet();
    assert.equal(await update.wanted(), '0:1 1:1 2:2<0');
    await update.runs(2);
    await quiet();
    assert.equal(await update.wanted(), '0:1 1:1 2:2<0', 'it has just begun to run');
    update.clock.advance(SETTLE);
    await update.becomes('1:1 2:2<0 3:2<1');
    await update.becomesState(/^rolling web:2: 1 of 2 instances are replaced$/);
    await update.settles(3);
    await update.becomes('2:2<0 3:2<1');
    await update.becomesState(/^done web:2: every instance runs the new specification$/);
  });

  test('goes on under the id of the request that asked for it', async () => {
    await update.addRunning(1);
    const headers = {
      Authorization: `Bearer ${update.token}`,
      'X-Request-Id': 'roll-1',
      'Content-Type': 'application/json',
    };
    await fetch(`${update.root.url}/api/service/${update.id}`, {
      method: 'PUT',
      headers,
      body: '{"memory":1}',
    });
    await update.becomes('0:1 1:2<0');
    await update.settles(1);
    await update.becomes('1:2<0');
    assert.deepEqual(
      (await update.all()).map(i => [i.instance_number, i.desired, i.request_id]),
      [
        [0, 'gone', 'roll-1'],
        [1, 'run', 'roll-1'],
      ],
    );
    assert.equal((await update.shown()).rollout?.request_id, 'roll-1');
  });

  for (const [status, when] of [
    ['FAILED', 'after 30 s'],
    ['DEAD', 'for good'],
  ] as const) {
    test(`is undone when a new instance is ${status} ${when}: those that were replaced come back, too`, async () => {
      await update.addRunning(2);
      await update.put({ code: 'web:2' });
      await update.becomes('0:1 1:1 2:2<0');
      await update.settles(2);
      await update.becomes('1:1 2:2<0 3:2<1');
      await update.runs(3);
      await update.fails(3, { status, status_detail: 'exit code 1' });
      await update.becomes('1:1 2:2<0 4:3<2');
      const why = `instance 3, which was to take over, is ${status} ${when}: exit code 1`;
      await update.becomesState(new RegExp(`^undoing hedgerow/demo:1: ${why}$`));
      await update.settles(4);
      await update.becomes('1:1 4:3<2');
      await update.becomesState(new RegExp(`^undone hedgerow/demo:1: ${why}$`));
    });
  }

  test('goes on when a new instance that failed is started again and runs', async () => {
    await update.addRunning(1);
    await update.put({ code: 'web:2' });
    await update.becomes('0:1 1:2<0');
    for (const status of ['FAILED', 'CREATING', 'FAILED', 'CREATING'] as const) {
      await update.set(1, { status, cluster_id: 'c' });
      await quiet();
      update.clock.advance(RETRIES / 5);
      await quiet();
    }
    assert.equal(await update.wanted(), '0:1 1:2<0');
    await update.becomesState(/^rolling web:2/);
    await update.settles(1);
    await update.becomesState(/^done web:2/);
  });

  test('is undone at the next failure when the time for trying again is over', async () => {
    await update.addRunning(1);
    await update.put({ code: 'web:2' });
    await update.becomes('0:1 1:2<0');
    await update.set(1, { status: 'FAILED', cluster_id: 'c' });
    await quiet();
    await update.set(1, { status: 'CREATING' });
    await quiet();
    update.clock.advance(RETRIES + 15_000);
    await quiet();
    await update.becomesState(/^rolling web:2/);
    await update.set(1, { status: 'FAILED', status_detail: 'no such image' });
    await update.becomesState(/^undone .* is FAILED after 45 s: no such image$/);
  });

  test('is undone when there is no room for a new instance', async () => {
    await update.addRunning(1);
    await update.put({ memory: 100_000 });
    await update.becomes('0:1 1:2<0');
    await update.set(1, {
      status: 'NoActiveClusterWithCapacity',
      status_detail: 'of 1 known cluster, 0 have room',
    });
    await quiet();
    update.clock.advance(ROOM_WITHIN);
    await update.becomes('0:1');
    await update.becomesState(/^undone .* is NoActiveClusterWithCapacity after 60 s: of 1 known cluster/);
  });

  test('that begins to run and dies within the time for settling is undone', async () => {
    await update.addRunning(1);
    await update.put({ code: 'web:2' });
    await update.becomes('0:1 1:2<0');
    await update.runs(1);
    await quiet();
    update.clock.advance(SETTLE - 1);
    await update.set(1, { status: 'CREATING' });
    await quiet();
    await update.runs(1);
    await quiet();
    update.clock.advance(SETTLE - 1);
    await quiet();
    assert.equal(await update.wanted(), '0:1 1:2<0', 'the time counts from the last start');
    await update.fails(1, { status: 'FAILED' });
    await update.becomesState(/^undone /);
    assert.equal(await update.wanted(), '0:1');
  });

  test('whose way back fails as well says so, and leaves what serves', async () => {
    await update.addRunning(2);
    await update.put({ code: 'web:2' });
    await update.becomes('0:1 1:1 2:2<0');
    await update.settles(2);
    await update.becomes('1:1 2:2<0 3:2<1');
    await update.fails(3, { status: 'FAILED', cluster_id: 'c' });
    await update.becomes('1:1 2:2<0 4:3<2');
    await update.fails(4, { status: 'FAILED', cluster_id: 'c', status_detail: 'gone' });
    await update.becomes('1:1 2:2<0');
    await update.becomesState(
      /^failed hedgerow\/demo:1: instance 4, which was to take over, is FAILED after 30 s: gone$/,
    );
    await update.put({ code: 'web:3' });
    await update.becomes('1:1 2:2<0 5:4<1');
  });

  test('is taken back by a request in the middle', async () => {
    await update.addRunning(1);
    await update.put({ code: 'web:2' });
    await update.becomes('0:1 1:2<0');
    assert.equal((await update.put({ code: 'hedgerow/demo:1' })).status, 200);
    await update.becomes('0:1');
    await update.becomesState(/^undone hedgerow\/demo:1: taken back by a request$/);
  });

  test('goes on in another process, wherever the first one stopped', async () => {
    await update.addRunning(2);
    await update.halt();
    await update.put({ code: 'web:2' });
    for (const expected of ['0:1 1:1 2:2<0', '1:1 2:2<0 3:2<1', '2:2<0 3:2<1']) {
      await update.again();
      await update.becomes(expected);
      await quiet();
      const newest = (await update.all()).at(-1)?.instance_number ?? 0;
      await update.halt();
      await update.runs(newest);
      await update.again();
      await quiet();
      update.clock.advance(SETTLE);
      await quiet();
      await update.halt();
    }
    await update.again();
    await update.becomesState(/^done web:2/);
  });

  test('a store that fails for a while delays it', async () => {
    await update.addRunning(1);
    await update.put({ code: 'web:2' });
    await update.becomes('0:1 1:2<0');
    await update.runs(1);
    await quiet();
    update.store.arm({ at: 1, until: 'once', when: 'before' });
    update.clock.advance(SETTLE);
    await quiet();
    assert.equal(await update.wanted(), '0:1 1:2<0');
    update.clock.advance(5000);
    await update.becomesState(/^done web:2/);
    assert.equal(await update.wanted(), '1:2<0');
  });
});
