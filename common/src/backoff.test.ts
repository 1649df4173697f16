import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff } from './backoff.ts';

test('doubles from the first to the greatest delay', () => {
  const delays = [0, 1, 2, 3, 4, 5000].map(attempt => backoff(attempt, { first: 100, max: 1000 }));
  assert.deepEqual(delays, [100, 200, 400, 800, 1000, 1000]);
});

test('jitter takes away up to its share, never more', () => {
  const options = { first: 100, max: 1000, jitter: 0.5 };
  assert.equal(
    backoff(0, options, () => 0),
    100,
  );
  assert.equal(
    backoff(0, options, () => 0.5),
    75,
  );
  assert.ok(backoff(9, options, () => 0.999_999) > 500);
});
