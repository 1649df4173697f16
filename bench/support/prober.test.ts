import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestSilence, unanswered } from './prober.ts';

const asked = (...answers: (number | null)[]) => answers.map((answered, at) => ({ at, answered }));

test('the silence is from the last good answer to the next one, in the order of the answers', () => {
  assert.equal(longestSilence(asked(10, 20, null, null, 65, 60)), 40);
  assert.equal(longestSilence(asked(10, 20, 30)), 10);
  assert.equal(longestSilence(asked(null)), 0);
});

test('what was not answered is counted', () => {
  assert.equal(unanswered(asked(1, null, 2, null)), 2);
});
