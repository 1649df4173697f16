import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from './manual-clock.ts';

test('timers fire in order of their time, equal times in order of their making', () => {
  const clock = manualClock();
  const fired: string[] = [];
  clock.after(20, () => fired.push('c'));
  clock.after(10, () => fired.push('a'));
  clock.after(20, () => fired.push('d'));
  clock.after(10, () => fired.push('b'));
  clock.advance(20);
  assert.equal(fired.join(''), 'abcd');
});

test('a callback sees the time that it was set for, and may set timers that are due in the same advance', () => {
  const clock = manualClock();
  const seen: number[] = [];
  clock.after(10, () => {
    seen.push(clock.monotonic());
    clock.after(5, () => seen.push(clock.monotonic()));
  });
  clock.advance(100);
  assert.deepEqual(seen, [10, 15]);
  assert.equal(clock.monotonic(), 100);
});

test('a cancelled timer does not fire', () => {
  const clock = manualClock();
  const cancel = clock.after(10, () => assert.fail('was cancelled'));
  cancel();
  clock.advance(10);
});

test('a jump moves the wall clock alone', () => {
  const clock = manualClock(1000);
  clock.after(10, () => assert.fail('no time has passed'));
  clock.jump(3_600_000);
  assert.equal(clock.now(), 3_601_000);
  assert.equal(clock.monotonic(), 0);
});
