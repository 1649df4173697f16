/**
 * Random schedules over a whole simulated Hedgerow. The seeds are fixed: what is found here is found everywhere. They run in
 * processes of their own: the test runner follows every promise of its own one, which takes half as long again.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { apart } from './apart.ts';
import { explain } from './explain.ts';
import type { Search } from './find-mistakes.ts';
import { run, type Verdict } from './run.ts';
import { loadEncoding } from './wire/encoding.ts';

const SCHEDULES = 200;

test(`${SCHEDULES} random schedules end as they should, and nothing is wrong on the way`, async () => {
  const verdicts = await collect<Verdict>('schedules.ts', [1, SCHEDULES, 1]);
  assert.equal(verdicts.length, SCHEDULES);
  for (const verdict of verdicts) assert.equal(verdict.wrong.length, 0, explain(verdict));
});

test('the same seed is the same run', async () => {
  const encoding = loadEncoding();
  const traced = async () => {
    const lines: string[] = [];
    await run({ seed: 338, encoding, trace: line => lines.push(line) });
    return lines;
  };
  const [once, again] = [await traced(), await traced()];
  assert.ok(once.length > 100);
  assert.deepEqual(again, once);
});

test('each mistake that is made on purpose is found', async () => {
  const searches = await collect<Search>('find-mistakes.ts', [SCHEDULES]);
  assert.ok(searches.length > 0);
  for (const { mistake, seed } of searches)
    assert.notEqual(seed, null, `not found in ${SCHEDULES} schedules: ${mistake}`);
});

/** @returns what the script found; rejects when it fails */
async function collect<T>(script: string, args: readonly number[]): Promise<T[]> {
  const found: T[] = [];
  const child = apart<T>(script, args, one => found.push(one));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${script} ended with ${code}`);
  return found;
}
