import assert from 'node:assert/strict';
import test from 'node:test';
import { ruleset, sizeFor } from './rules.ts';

test('sizes are powers of two from sixteen', () => {
  assert.deepEqual([0, 1, 16, 17, 32, 33, 100].map(sizeFor), [16, 16, 16, 32, 32, 64, 128]);
});

test('there is one map and one rule per number of replicas, chosen at random', () => {
  const text = ruleset('10.18.0.64', 16, 50103);
  assert.equal(text.filter(line => line.startsWith('map ep')).length, 16);
  assert.equal(text.filter(line => line.startsWith('dnat to ip daddr')).length, 16);
  assert.ok(!text.join('\n').includes('numgen inc'));
});

test('only the worker’s own subnet and gateway appear', () => {
  const text = ruleset('10.18.0.64', 16, 50103).join('\n');
  assert.ok(text.includes('ip saddr 10.18.0.64/26 oifname != "hv*"'));
  assert.ok(text.includes('snat to 10.18.0.65'));
});
