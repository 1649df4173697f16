import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { afterEnd, type End, giveUp, NO_RESTARTS } from './restart.ts';

it('restarts at once, then after 1 s doubling to 5 min', () => {
  let restarts = NO_RESTARTS;
  const delays: number[] = [];
  for (let turn = 0; turn < 12; turn++) {
    const end = afterEnd({ ...restarts, runningSince: 0 }, 1000);
    restarts = end.restarts;
    delays.push(end.delay / 1000);
  }
  assert.deepEqual(delays, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
});

it('starts the back-off anew after 10 minutes of health, not before', () => {
  const worn = { count: 9, steps: 0, runningSince: 1000 };
  assert.equal(afterEnd(worn, 1000 + 600_000 - 1).delay, 256_000);
  assert.deepEqual(afterEnd(worn, 1000 + 600_000), {
    restarts: { count: 1, steps: 0, runningSince: null },
    delay: 0,
  });
});

it('a start that never came to run was not healthy', () => {
  assert.equal(afterEnd({ count: 3, steps: 0, runningSince: null }, 10 ** 9).delay, 4000);
});

describe('is not started again', () => {
  const exit = (code: number): End => ({ what: 'exit', code });
  const policy = (word: string, attempts = 0) => ({ policy: word, attempts });
  const never = 'not started again (restart.policy is never)';
  const cases: [string, Parameters<typeof giveUp>, ReturnType<typeof giveUp>][] = [
    ['an order of before there were policies', [{ one_shot: false }, exit(0), 99], null],
    ['a one-shot that ended with 0', [{ one_shot: true }, exit(0), 1], { status: 'COMPLETED', why: '' }],
    ['a one-shot that did not', [{ one_shot: true }, exit(3), 1], null],
    [
      'a one-shot that did not and never is',
      [{ one_shot: true, restart: policy('never') }, exit(3), 1],
      { status: 'DEAD', why: never },
    ],
    ['always, ended with 0', [{ one_shot: false, restart: policy('always') }, exit(0), 1], null],
    [
      'on-failure, ended with 0',
      [{ one_shot: false, restart: policy('on-failure') }, exit(0), 1],
      { status: 'COMPLETED', why: '' },
    ],
    ['on-failure, ended with 1', [{ one_shot: false, restart: policy('on-failure') }, exit(1), 1], null],
    [
      'on-failure, unhealthy',
      [{ one_shot: false, restart: policy('on-failure') }, { what: 'unhealthy' }, 1],
      null,
    ],
    [
      'never, ended with 0',
      [{ one_shot: false, restart: policy('never') }, exit(0), 1],
      { status: 'COMPLETED', why: '' },
    ],
    [
      'never, unhealthy',
      [{ one_shot: false, restart: policy('never') }, { what: 'unhealthy' }, 1],
      { status: 'DEAD', why: never },
    ],
    ['never, could not start', [{ one_shot: false, restart: policy('never') }, { what: 'start' }, 9], null],
    ['the last of three attempts', [{ one_shot: false, restart: policy('always', 3) }, exit(1), 3], null],
    [
      'one more',
      [{ one_shot: false, restart: policy('always', 3) }, exit(1), 4],
      { status: 'DEAD', why: 'given up after 4 tries (restart.attempts is 3)' },
    ],
    [
      'one more that could not start',
      [{ one_shot: false, restart: policy('on-failure', 1) }, { what: 'start' }, 2],
      { status: 'DEAD', why: 'given up after 2 tries (restart.attempts is 1)' },
    ],
  ];
  for (const [name, [rules, end, tries], expected] of cases) {
    it(name, () => assert.deepEqual(giveUp(rules, end, tries), expected));
  }
});
