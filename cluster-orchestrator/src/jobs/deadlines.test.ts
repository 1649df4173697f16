import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import { STATUSES, type Status } from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import { makeInstance } from '../testing/makers.ts';
import { Deadlines, deadlineOf } from './deadlines.ts';

const HOUR = 3_600_000;
const lasting = (Object.keys(STATUSES) as Status[]).filter(status => STATUSES[status].deadline !== null);
const states: [name: string, Partial<Instance>][] = [
  ...lasting.map((status): [string, Partial<Instance>] => [status, { status }]),
  ['RUNNING and to go', { desired: 'gone' }],
];

function setUp(acts = () => true): { clock: ManualClock; deadlines: Deadlines; fired: string[] } {
  const clock = manualClock();
  const fired: string[] = [];
  const deadlines = new Deadlines(clock, async ({ id }) => {
    fired.push(id);
    return acts();
  });
  return { clock, deadlines, fired };
}

const begun = (clock: ManualClock, given: Partial<Instance>) =>
  makeInstance({ ...given, status_since: clock.now() });

for (const [name, given] of states) {
  const deadline = deadlineOf(makeInstance(given)) ?? 0;
  describe(`${name}: ${deadline / 1000} s`, () => {
    for (const jump of [HOUR, -HOUR]) {
      test(`by the clock that does not jump, though the other one does by ${jump / HOUR} h`, () => {
        const { clock, deadlines, fired } = setUp();
        const instance = begun(clock, given);
        deadlines.update(instance.id, instance);
        clock.advance(deadline / 2);
        clock.jump(jump);
        // something else of it changes: the state lasts
        deadlines.update(instance.id, { ...instance, cpu_percent: '5' });
        clock.advance(deadline / 2 - 1);
        assert.deepEqual(fired, []);
        clock.advance(1);
        assert.deepEqual(fired, [instance.id]);
        clock.advance(deadline);
        assert.equal(fired.length, 2, 'and again while it lasts');
      });

      test(`after a restart across a jump of ${jump / HOUR} h it is at most new, at least overdue`, () => {
        const { clock, deadlines, fired } = setUp();
        const instance = begun(clock, given);
        clock.jump(jump);
        deadlines.load(instance);
        deadlines.update(instance.id, instance);
        clock.advance(jump > 0 ? 999 : deadline - 1);
        assert.deepEqual(fired, []);
        clock.advance(1);
        assert.deepEqual(fired, [instance.id]);
      });
    }
  });
}

test('the time before a restart counts', () => {
  const { clock, deadlines, fired } = setUp();
  const instance = begun(clock, { status: 'FAILED' });
  clock.jump(600_000);
  deadlines.load(instance);
  clock.advance(29_999);
  assert.deepEqual(fired, []);
  clock.advance(1);
  assert.equal(fired.length, 1);
});

test('a new state begins anew, even when its wall time is that of an hour ago', () => {
  const { clock, deadlines, fired } = setUp();
  const waits = begun(clock, { status: 'NO_WORKER_CAPACITY', worker_id: '' });
  deadlines.update(waits.id, waits);
  clock.advance(9000);
  clock.jump(HOUR);
  deadlines.update(waits.id, { ...waits, status: 'NO_QUALIFIED_WORKER_FOUND' });
  clock.advance(9999);
  assert.deepEqual(fired, []);
  clock.advance(1);
  assert.equal(fired.length, 1);
});

test('an attempt that failed is repeated soon, one that acted after another deadline', async () => {
  let acts = false;
  const { clock, deadlines, fired } = setUp(() => acts);
  const instance = begun(clock, { status: 'FAILED' });
  deadlines.update(instance.id, instance);
  clock.advance(630_000);
  await new Promise(setImmediate);
  acts = true;
  clock.advance(5000);
  await new Promise(setImmediate);
  assert.equal(fired.length, 2);
  clock.advance(629_999);
  assert.equal(fired.length, 2);
});

test('nothing is waited for of what rests, and of what is forgotten', () => {
  const { clock, deadlines, fired } = setUp();
  const instance = begun(clock, { status: 'CREATING' });
  deadlines.update(instance.id, instance);
  deadlines.update(instance.id, null);
  for (const status of ['RUNNING', 'COMPLETED', 'DEAD'] as const) {
    deadlines.load(begun(clock, { status }));
    deadlines.update(instance.id, begun(clock, { status }));
  }
  assert.deepEqual(deadlines.ids(), []);
  clock.advance(2 * HOUR);
  assert.deepEqual(fired, []);
});
