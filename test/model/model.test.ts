/** Random schedules over a whole simulated Hedgerow. The seeds are fixed: what is found here is found everywhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from './explain.ts';
import { MUTATIONS } from './mutations.ts';
import { run } from './run.ts';
import { loadEncoding } from './wire/encoding.ts';

const SCHEDULES = 200;

const encoding = loadEncoding();

test(`${SCHEDULES} random schedules end as they should, and nothing is wrong on the way`, async () => {
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const verdict = await run({ seed, encoding });
    assert.equal(verdict.wrong.length, 0, explain(verdict));
  }
});

test('the same seed is the same run', async () => {
  const traced = async () => {
    const lines: string[] = [];
    await run({ seed: 338, encoding, trace: line => lines.push(line) });
    return lines;
  };
  const [once, again] = [await traced(), await traced()];
  assert.ok(once.length > 100);
  assert.deepEqual(again, once);
});

for (const [mistake, make] of Object.entries(MUTATIONS))
  test(`a mistake is found: ${mistake}`, async () => {
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const { wrong } = await run({ seed, encoding, mutate: make() });
      if (wrong.length > 0) return;
    }
    assert.fail(`not found in ${SCHEDULES} schedules`);
  });
