import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import { Liveness } from './liveness.ts';

let clock: ManualClock;
let liveness: Liveness;
let events: string[];
let reachable: boolean;

beforeEach(() => {
  clock = manualClock();
  events = [];
  reachable = true;
  liveness = new Liveness({
    clock,
    deadAfter: 5000,
    grace: 30_000,
    reachable: () => reachable,
    probe: id => events.push(`probe ${id}`),
  });
  liveness.onChange((id, standing) => events.push(`${id} ${standing} ${clock.monotonic()}`));
  liveness.watch('w');
});

describe('a worker that has synced', () => {
  beforeEach(() => {
    liveness.synced('w');
    events.length = 0;
  });

  test('and falls silent is probed after 3.5 s and dead after 5 s', () => {
    clock.advance(2000);
    liveness.heard('w');
    clock.advance(10_000);
    assert.deepEqual(events, ['w suspect 5500', 'probe w', 'w dead 7000']);
  });

  test('and answers the probe lives', () => {
    clock.advance(3600);
    liveness.heard('w');
    assert.equal(liveness.standing('w'), 'live');
    clock.advance(3400);
    assert.equal(liveness.standing('w'), 'live');
    assert.deepEqual(events, ['w suspect 3500', 'probe w', 'w live 3600']);
  });

  test('and beats every 3 s is never suspect', () => {
    for (let n = 0; n < 100; n++) {
      clock.advance(3000);
      liveness.heard('w');
    }
    assert.deepEqual(events, []);
  });

  test('and closes its connection has 5 s from then on', () => {
    clock.advance(2000);
    liveness.closed('w');
    clock.advance(4999);
    assert.deepEqual(events, ['w suspect 2000', 'probe w']);
    clock.advance(1);
    assert.equal(events.at(-1), 'w dead 7000');
  });

  test('and closes its connection when it is suspect already wins no time', () => {
    clock.advance(4000);
    liveness.closed('w');
    clock.advance(1000);
    assert.equal(events.at(-1), 'w dead 5000');
  });

  test('is dead until it syncs, whatever else it says', () => {
    clock.advance(6000);
    liveness.heard('w');
    assert.equal(liveness.standing('w'), 'dead');
    liveness.synced('w');
    assert.equal(liveness.standing('w'), 'live');
  });

  test('is not judged while the broker is out of reach', () => {
    reachable = false;
    clock.advance(60_000);
    assert.equal(liveness.standing('w'), 'suspect');
    reachable = true;
    clock.advance(1500);
    assert.equal(liveness.standing('w'), 'dead');
  });

  test('is forgotten with its timer', () => {
    liveness.unwatch('w');
    clock.advance(60_000);
    assert.deepEqual([events, liveness.standing('w')], [[], null]);
  });
});

test('a worker that is awaited after a start has 30 s', () => {
  clock.advance(29_999);
  liveness.heard('w');
  assert.deepEqual([liveness.isExpected('w'), liveness.isThere('w')], [true, false]);
  clock.advance(1);
  assert.deepEqual(events, ['w dead 30000']);
});

test('after a pause of this process itself workers get another probe instead of a verdict', () => {
  let monotonic = 0;
  const timers: { due: number; callback: () => void }[] = [];
  const paused = new Liveness({
    clock: {
      now: () => 0,
      monotonic: () => monotonic,
      after(ms, callback) {
        const timer = { due: monotonic + ms, callback };
        timers.push(timer);
        return () => timers.splice(timers.indexOf(timer), 1);
      },
    },
    deadAfter: 5000,
    grace: 30_000,
    reachable: () => true,
    probe: id => events.push(`probe ${id}`),
  });
  paused.onChange((id, standing) => events.push(`${id} ${standing}`));
  const fire = () => timers.shift()?.callback();
  paused.watch('w');
  paused.synced('w');
  timers.shift();
  paused.synced('w');
  events.length = 0;
  paused.closed('w');
  monotonic = 60_000;
  fire();
  assert.deepEqual(events, ['w suspect', 'probe w', 'probe w']);
  monotonic += 1500;
  fire();
  assert.equal(events.at(-1), 'w dead');
});
