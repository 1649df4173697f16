import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntil } from './wait.ts';
import { tieToWallClock } from './wall-clock.ts';

test('waiting ends with the first answer', async () => {
  let asked = 0;
  assert.equal(await waitUntil('three', 1000, 1, async () => ++asked === 3 && 'third'), 'third');
});

test('waiting in vain names what was waited for', async () => {
  await assert.rejects(
    waitUntil('a miracle', 20, 5, async () => null),
    /a miracle: not within 20 ms/,
  );
});

test('the tied clock agrees with the wall clock to 2 ms', () => {
  const clock = tieToWallClock();
  assert.ok(Math.abs(clock.now() - Date.now()) < 2);
});
