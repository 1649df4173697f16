import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Seldom } from './seldom.ts';
import { manualClock } from './testing/manual-clock.ts';

test('a flood of one kind is a line a minute with a count, another kind is not held up', () => {
  const clock = manualClock();
  const seldom = new Seldom(clock);
  const lines: string[] = [];
  const say = (kind: string) => seldom.say(kind, more => lines.push(`${kind} +${more}`));
  for (let time = 0; time < 1000; time++) say('a');
  say('b');
  assert.deepEqual(lines, ['a +0', 'b +0']);
  clock.advance(60_000);
  assert.deepEqual(lines.slice(2), ['a +998']);
  say('a');
  clock.advance(60_000);
  assert.deepEqual(lines.slice(3), ['a +0']);
  clock.advance(120_000);
  say('a');
  assert.equal(lines.length, 5, 'after a quiet minute it is said at once again');
});
