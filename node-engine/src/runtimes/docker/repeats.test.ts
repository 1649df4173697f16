import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Repeats } from './repeats.ts';

const at = (second: number, ns: number) =>
  `2026-01-02T23:59:${String(second).padStart(2, '0')}.${String(ns).padStart(9, '0')}Z`;

it('lines that come again are known by their times', () => {
  const repeats = new Repeats();
  const times = Array.from({ length: 5000 }, (_, n) => at(Math.floor(n / 100), (n % 100) + 1));
  for (const time of times) assert.equal(repeats.isRepeated(time), false, time);
  for (const time of times.slice(2000, 2100)) assert.equal(repeats.isRepeated(time), true, time);
  assert.equal(repeats.isRepeated(at(55, 0)), false);
});

it('what a clock that was put back gives is new, and so is what has no time', () => {
  const repeats = new Repeats();
  for (const time of [at(30, 5), at(20, 5), at(20, 6), '2026-01-03T00:00:00.000000001Z', '', ''])
    assert.equal(repeats.isRepeated(time), false, time);
});
