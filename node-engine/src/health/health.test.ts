import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeCheck } from '../testing/checks.ts';
import { afterResult, beginHealth, type Result, untilFirst, untilNext } from './health.ts';

const PASSED: Result = { outcome: 'passed' };
const FAILED: Result = { outcome: 'failed', why: 'answered 503' };
const UNKNOWN: Result = { outcome: 'unknown', why: 'the runtime is away' };
const check = makeCheck({ interval: 10, retries: 3, start_period: 20 });

function after(results: readonly Result[], passed: boolean, now = 0) {
  return results.reduce((health, result) => afterResult(check, health, result, now), beginHealth(0, passed));
}

describe('one that has passed', () => {
  it('has failed after so many failures in a row, and says why', () => {
    assert.equal(after([FAILED, FAILED], true).state, 'passed');
    assert.deepEqual(after([FAILED, FAILED, FAILED], true), {
      state: 'failed',
      since: 0,
      failures: 3,
      why: 'answered 503',
    });
  });

  it('begins anew when it passes between', () => {
    assert.equal(after([FAILED, FAILED, PASSED, FAILED, FAILED], true).state, 'passed');
  });

  it('a check that could not be made says nothing', () => {
    assert.equal(after([FAILED, FAILED, UNKNOWN, UNKNOWN], true).state, 'passed');
    assert.equal(after([FAILED, FAILED, UNKNOWN, FAILED], true).state, 'failed');
  });
});

describe('one that has not passed yet', () => {
  it('passes with the first success, also in its start period', () => {
    assert.equal(after([FAILED, FAILED, FAILED, FAILED, PASSED], false).state, 'passed');
  });

  it('has failed when start period and retries × interval are over, not before', () => {
    assert.equal(after([FAILED], false, 49_999).state, 'waiting');
    assert.equal(after([FAILED], false, 50_000).state, 'failed');
    assert.equal(after([UNKNOWN], false, 50_000).state, 'waiting');
    assert.equal(after([PASSED], false, 50_000).state, 'passed');
  });

  it('does not wait beyond what the cluster waits for it', () => {
    const slow = makeCheck({ interval: 3600, retries: 100 });
    assert.equal(afterResult(slow, beginHealth(0, false), FAILED, 660_000).state, 'failed');
  });
});

describe('the next check', () => {
  it('of one that has passed comes after the interval', () => {
    assert.equal(untilNext(check, beginHealth(0, true), 12_345), 10_000);
  });

  it('of one that has not comes soon, later the longer it takes, at last at its end', () => {
    const health = beginHealth(0, false);
    assert.deepEqual(
      [0, 800, 8000, 40_000, 49_900, 60_000].map(now => untilNext(check, health, now)),
      [100, 100, 1000, 5000, 100, 7500],
    );
    assert.equal(untilNext(makeCheck({ interval: 1, retries: 100 }), health, 40_000), 1000);
  });

  it('the first of one that has passed comes somewhere in the interval', () => {
    assert.deepEqual(
      [0, 0.5, 1].map(share => untilFirst(check, share)),
      [100, 5000, 10_000],
    );
  });
});
