import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { quiet, type Rolling, startRolling } from './testing/rolling.ts';

let update: Rolling;

beforeEach(async () => {
  update = await startRolling();
});
afterEach(() => update.stop());

describe('in the middle of an update', () => {
  beforeEach(async () => {
    await update.addRunning(2);
    await update.put({ code: 'web:2' });
    await update.becomes('0:1 1:1 2:2<0');
  });

  test('one more instance is of the new specification and stays', async () => {
    await update.addRunning(1);
    assert.equal(await update.wanted(), '0:1 1:1 2:2<0 3:2');
    await update.settles(2);
    await update.becomes('1:1 2:2<0 3:2 4:2<1');
    await update.settles(4);
    await update.becomes('2:2<0 3:2 4:2<1');
    await update.becomesState(/^done/);
  });

  test('one more instance goes back when the update does', async () => {
    await update.addRunning(1);
    await update.fails(2, { status: 'FAILED', cluster_id: 'c' });
    await update.becomes('0:1 1:1 3:2 4:3<3');
    await update.settles(4);
    await update.becomes('0:1 1:1 4:3<3');
    await update.becomesState(/^undone/);
  });

  test('an instance that is removed takes its successor with it', async () => {
    assert.equal((await update.remove(0)).status, 200);
    await update.becomes('1:1 3:2<1');
    await update.settles(3);
    await update.becomes('3:2<1');
    await update.becomesState(/^done/);
  });

  test('another old instance may be removed', async () => {
    await update.remove(1);
    await update.settles(2);
    await update.becomes('2:2<0');
    await update.becomesState(/^done/);
  });

  test('a successor that is removed is made again', async () => {
    await update.remove(2);
    await update.becomes('0:1 1:1 3:2<0');
  });

  test('all may be removed: -1', async () => {
    await update.remove(-1);
    await update.becomesState(/^done/);
    assert.equal(await update.wanted(), '');
  });

  test('the service may be removed', async () => {
    assert.equal(
      (await update.root.call('DELETE', `/api/service/${update.id}`, undefined, update.token)).status,
      200,
    );
    await quiet();
    assert.equal(await update.wanted(), '');
  });
});
