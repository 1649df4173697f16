import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe, interleave, median, pairRatios, quantile, spread } from './stats.ts';

test('quantiles interpolate between the nearest values, in any order of the sample', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(quantile([10, 20, 30, 40, 50], 0.25), 20);
  assert.equal(quantile([1, 2], 0.75), 1.75);
  assert.equal(quantile([7], 0.99), 7);
  assert.throws(() => median([]), RangeError);
});

test('a quantile leaves its sample as it was', () => {
  const sample = [3, 1, 2];
  quantile(sample, 0.5);
  assert.deepEqual(sample, [3, 1, 2]);
});

test('a spread has the five numbers, and a description names them', () => {
  assert.deepEqual(spread([5, 1, 2, 4, 3]), { count: 5, min: 1, q1: 2, median: 3, q3: 4, max: 5 });
  assert.equal(describe([5, 1, 2, 4, 3], 0), 'median 3 (quartiles 2–4, n 5)');
});

test('pair ratios keep the pairs together', () => {
  assert.deepEqual(pairRatios([2, 9], [1, 3]), [2, 3]);
  assert.throws(() => pairRatios([1], []), RangeError);
});

test('arms take turns, in the opposite order every other round', async () => {
  const order: string[] = [];
  const arm = (name: string) => async (round: number) => {
    order.push(name);
    return `${name}${round}`;
  };
  const results = await interleave(3, { a: arm('a'), b: arm('b') });
  assert.deepEqual(order, ['a', 'b', 'b', 'a', 'a', 'b']);
  assert.deepEqual(results, { a: ['a0', 'a1', 'a2'], b: ['b0', 'b1', 'b2'] });
});

test('a failing arm ends the comparison', async () => {
  const fails = async () => {
    throw new Error('could not measure');
  };
  await assert.rejects(interleave(2, { fails }), /could not measure/);
});
