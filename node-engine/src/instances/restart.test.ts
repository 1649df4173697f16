import assert from 'node:assert/strict';
import { it } from 'node:test';
import { afterEnd, NO_RESTARTS } from './restart.ts';

it('restarts at once, then after 1 s doubling to 5 min', () => {
  let restarts = NO_RESTARTS;
  const delays: number[] = [];
  for (let turn = 0; turn < 12; turn++) {
    const end = afterEnd({ ...restarts, runningSince: 0 }, 1000);
    restarts = end.restarts;
    delays.push(end.delay / 1000);
  }
  assert.deepEqual(delays, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
});

it('starts the back-off anew after 10 minutes of health, not before', () => {
  const worn = { count: 9, runningSince: 1000 };
  assert.equal(afterEnd(worn, 1000 + 600_000 - 1).delay, 256_000);
  assert.deepEqual(afterEnd(worn, 1000 + 600_000), { restarts: { count: 1, runningSince: null }, delay: 0 });
});

it('a start that never came to run was not healthy', () => {
  assert.equal(afterEnd({ count: 3, runningSince: null }, 10 ** 9).delay, 4000);
});
