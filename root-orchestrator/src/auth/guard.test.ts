import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HedgerowError } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import { LoginGuard } from './guard.ts';
import { Throttle } from './throttle.ts';

const RULES = { free: 3, first: 1_000, longest: 8_000 };

describe('the throttle', () => {
  test('some failures are free; then the delay doubles up to its limit', () => {
    const clock = manualClock();
    const throttle = new Throttle(clock, RULES);
    const delays: number[] = [];
    for (let failure = 0; failure < 8; failure++) {
      throttle.failed('ada');
      delays.push(throttle.heldFor('ada'));
      clock.advance(throttle.heldFor('ada'));
    }
    assert.deepEqual(delays, [0, 0, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
    assert.equal(throttle.heldFor('eve'), 0);
    throttle.forget('ada');
    throttle.failed('ada');
    assert.equal(throttle.heldFor('ada'), 0);
  });

  test('while one attempt is under way the next has to wait', () => {
    const clock = manualClock();
    const throttle = new Throttle(clock, RULES);
    throttle.begin('ada');
    assert.equal(throttle.heldFor('ada'), 0);
    for (let failure = 0; failure < 3; failure++) throttle.failed('ada');
    clock.advance(1_000);
    assert.equal(throttle.heldFor('ada'), 0);
    throttle.begin('ada');
    assert.equal(throttle.heldFor('ada'), 1_000);
  });

  test('is not moved by the wall clock, and forgets after a quarter of an hour', () => {
    const clock = manualClock();
    const throttle = new Throttle(clock, RULES);
    for (let failure = 0; failure < 9; failure++) throttle.failed('ada');
    clock.jump(3_600_000);
    assert.equal(throttle.heldFor('ada'), 8_000);
    clock.advance(15 * 60_000);
    throttle.failed('ada');
    assert.equal(throttle.heldFor('ada'), 0);
  });

  test('keeps 10,000 names, whoever failed last', () => {
    const throttle = new Throttle(manualClock(), { ...RULES, free: 1 });
    throttle.failed('first');
    for (let other = 0; other < 9_999; other++) throttle.failed(`other${other}`);
    assert.equal(throttle.heldFor('first'), 1_000);
    throttle.failed('first');
    throttle.failed('one more');
    assert.equal(throttle.heldFor('first'), 2_000);
    assert.equal(throttle.heldFor('other0'), 0);
  });
});

describe('the guard of logins', () => {
  const refused = (guard: LoginGuard, name: string, address: string): number | null => {
    try {
      guard.check({ name, address });
      return null;
    } catch (error) {
      assert.ok(error instanceof HedgerowError && error.code === 'LOGIN_DELAYED');
      return error.retryAfter;
    }
  };
  const fail = (guard: LoginGuard, times: number, name: (index: number) => string, address: string): void => {
    for (let index = 0; index < times; index++) guard.failed({ name: name(index), address });
  };

  test('a name that is guessed at from many addresses is held, at most 30 s', () => {
    const guard = new LoginGuard(manualClock());
    fail(guard, 4, () => 'ada', '192.0.2.1');
    assert.equal(refused(guard, 'ada', '192.0.2.2'), null);
    fail(guard, 1, () => 'ada', '192.0.2.3');
    assert.equal(refused(guard, 'ada', '192.0.2.4'), 1);
    fail(guard, 50, () => 'ada', '192.0.2.5');
    assert.equal(refused(guard, 'ada', '192.0.2.6'), 30);
    assert.equal(refused(guard, 'eve', '192.0.2.6'), null);
  });

  test('an address that tries many names is held', () => {
    const guard = new LoginGuard(manualClock());
    fail(guard, 19, index => `user${index}`, '192.0.2.1');
    assert.equal(refused(guard, 'ada', '192.0.2.1'), null);
    fail(guard, 1, () => 'one more', '::ffff:192.0.2.1');
    assert.equal(refused(guard, 'ada', '192.0.2.1'), 1);
    assert.equal(refused(guard, 'ada', '192.0.2.2'), null);
  });

  test('an IPv6 network of one owner is one address', () => {
    const guard = new LoginGuard(manualClock());
    fail(guard, 20, index => `user${index}`, '2001:db8::1');
    assert.equal(refused(guard, 'ada', '2001:db8:0:0:ffff::7'), 1);
    assert.equal(refused(guard, 'ada', '2001:db8:0:1::1'), null);
  });

  test('where a user logged in before, strangers do not keep him out', () => {
    const guard = new LoginGuard(manualClock());
    guard.succeeded({ name: 'ada', address: '192.0.2.1' });
    fail(guard, 50, () => 'ada', '192.0.2.66');
    fail(guard, 50, index => `user${index}`, '192.0.2.1');
    assert.equal(refused(guard, 'ada', '192.0.2.1'), null);
    assert.equal(refused(guard, 'ada', '192.0.2.2'), 30);
    fail(guard, 5, () => 'ada', '192.0.2.1');
    assert.equal(refused(guard, 'ada', '192.0.2.1'), 1);
  });

  test('a success ends the delay of the name', () => {
    const clock = manualClock();
    const guard = new LoginGuard(clock);
    fail(guard, 9, () => 'ada', '192.0.2.1');
    clock.advance(30_000);
    guard.begin({ name: 'ada', address: '192.0.2.1' });
    guard.succeeded({ name: 'ada', address: '192.0.2.1' });
    fail(guard, 4, () => 'ada', '192.0.2.2');
    assert.equal(refused(guard, 'ada', '192.0.2.2'), null);
  });
});
