import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import { makeCheck } from '../testing/checks.ts';
import type { Result } from './health.ts';
import { Monitor } from './monitor.ts';

const TARGET = { container: 'c1', address: '127.0.0.1' };
const FAILED: Result = { outcome: 'failed', why: 'answered 503' };

/** A program that is asked, and answers when the test says so. */
class Asked {
  readonly answers: PromiseWithResolvers<Result>[] = [];
  readonly signals: AbortSignal[] = [];
  readonly probe = (_check: unknown, _target: unknown, signal: AbortSignal) => {
    const answer = Promise.withResolvers<Result>();
    this.answers.push(answer);
    this.signals.push(signal);
    return answer.promise;
  };

  async answer(result: Result): Promise<void> {
    this.answers.at(-1)?.resolve(result);
    await setImmediate();
  }
}

describe('health monitor', () => {
  let clock: ManualClock;
  let asked: Asked;
  let changes: number;
  const monitor = (passed = false, random = 0.5) => {
    const parts = { clock, probe: asked.probe, random: () => random };
    const changed = () => void changes++;
    return new Monitor(parts, { check: makeCheck(), target: TARGET, passed, changed });
  };

  beforeEach(() => {
    clock = manualClock();
    asked = new Asked();
    changes = 0;
  });

  it('says once that it passes, then checks in its own step', async () => {
    const watched = monitor();
    clock.advance(100);
    await asked.answer({ outcome: 'passed' });
    assert.deepEqual([watched.state, changes], ['passed', 1]);
    clock.advance(499);
    assert.equal(asked.answers.length, 1);
    clock.advance(1);
    assert.equal(asked.answers.length, 2);
    await asked.answer({ outcome: 'passed' });
    clock.advance(999);
    assert.equal(asked.answers.length, 2);
    clock.advance(1);
    assert.equal(asked.answers.length, 3);
    assert.equal(changes, 1);
  });

  it('two that began together are not checked together', async () => {
    const turns: number[] = [];
    for (const share of [0.2, 0.7]) {
      const own = new Asked();
      const probe = (...args: Parameters<Asked['probe']>) => {
        turns.push(clock.monotonic());
        return own.probe(...args);
      };
      const parts = { clock, probe, random: () => share };
      new Monitor(parts, { check: makeCheck(), target: TARGET, passed: true, changed: () => {} });
    }
    clock.advance(1000);
    assert.deepEqual(turns, [200, 700]);
  });

  it('never has two checks under way', async () => {
    monitor(true);
    clock.advance(100_000);
    assert.equal(asked.answers.length, 1);
  });

  it('says once that it has failed, and checks no more', async () => {
    const watched = monitor(true, 0);
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(1000);
      await asked.answer(FAILED);
    }
    assert.deepEqual([watched.state, watched.why, changes], ['failed', 'answered 503', 1]);
    clock.advance(100_000);
    assert.equal(asked.answers.length, 3);
  });

  it('stops with its instance, with what is under way, and hears no late answer', async () => {
    const watched = monitor();
    clock.advance(100);
    watched.stop();
    assert.equal(asked.signals[0]?.aborted, true);
    await asked.answer({ outcome: 'passed' });
    assert.deepEqual([watched.state, changes], ['waiting', 0]);
    clock.advance(100_000);
    assert.equal(asked.answers.length, 1);
  });

  it('a check that breaks is no failure of the program, and not the last one', async () => {
    const watched = monitor(true, 0);
    clock.advance(100);
    asked.answers[0]?.reject(new Error('a fault of ours'));
    await setImmediate();
    assert.equal(watched.state, 'passed');
    clock.advance(1000);
    assert.equal(asked.answers.length, 2);
  });
});
