import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import { Liveness } from './liveness.ts';

let clock: ManualClock;
let liveness: Liveness;
let dead: string[];
let over: number;
/** those who answer a probe */
let answering: Set<string>;

beforeEach(() => {
  clock = manualClock();
  [dead, over, answering] = [[], 0, new Set(['a', 'b', 'c'])];
  liveness = new Liveness({
    clock,
    deadAfter: 5000,
    grace: 30_000,
    reachable: () => true,
    probe: id => answering.has(id) && clock.after(1, () => liveness.heard(id)),
    heardAll: callback => callback(),
  });
  liveness.onChange((id, standing) => standing === 'dead' && dead.push(id));
  liveness.onBlackoutOver(() => (over += 1));
  for (const id of ['a', 'b', 'c']) liveness.watch(id);
  for (const id of ['a', 'b', 'c']) liveness.synced(id);
});

/** Beats every 3 s, each worker at its own moment. */
function beat(ms: number, ...ids: string[]): void {
  for (let n = 0; n < ms / 1000; n++) {
    clock.advance(1000);
    const id = ['a', 'b', 'c'][n % 3] as string;
    if (ids.includes(id)) liveness.heard(id);
  }
}

test('one that is silent while others answer is dead in its time', () => {
  beat(9000, 'a', 'b', 'c');
  answering.delete('a');
  beat(9000, 'b', 'c');
  assert.deepEqual(dead, ['a']);
  assert.equal(liveness.isAwaitedBack('a'), false);
});

test('others that have not beaten yet are asked before anybody is dead', () => {
  beat(9000, 'a', 'b', 'c');
  answering.delete('a');
  // beats of b and c would come only every hour
  clock.advance(8000);
  assert.deepEqual(dead, ['a']);
});

test('while nobody answers nobody is dead, and nothing has happened when they are back', () => {
  beat(9000, 'a', 'b', 'c');
  answering.clear();
  clock.advance(25_000);
  assert.deepEqual(dead, []);
  assert.equal(liveness.standing('b'), 'suspect');
  for (const id of ['a', 'b', 'c']) liveness.heard(id);
  assert.equal(liveness.standing('b'), 'live');
});

test('lost for long they are lost together, and awaited together from the first return on', () => {
  beat(9000, 'a', 'b', 'c');
  answering.clear();
  clock.advance(600_000);
  assert.deepEqual(dead.toSorted(), ['a', 'b', 'c']);
  assert.ok(liveness.isAwaitedBack('b'));
  liveness.synced('a');
  answering.add('a');
  assert.deepEqual(
    ['a', 'b', 'c'].map(id => liveness.isAwaitedBack(id)),
    [false, true, true],
  );
  liveness.synced('b');
  answering.add('b');
  beat(29_000, 'a', 'b');
  assert.equal(liveness.isAwaitedBack('c'), true);
  beat(3000, 'a', 'b');
  assert.deepEqual([liveness.isAwaitedBack('c'), over], [false, 1]);
});

test('when all are back nothing waits any longer', () => {
  answering.clear();
  clock.advance(600_000);
  for (const id of ['a', 'b', 'c']) liveness.synced(id);
  assert.equal(over, 1);
  liveness.stop();
});

test('a worker that is alone has no witness', () => {
  for (const id of ['b', 'c']) liveness.unwatch(id);
  answering.clear();
  clock.advance(6000);
  assert.deepEqual(dead, ['a']);
  assert.equal(liveness.isAwaitedBack('a'), false);
});
