import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { Clock } from '@hedgerow/common';
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
    heardAll: callback => callback(),
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
    assert.equal(liveness.standing('w'), 'suspect', 'it has to come back to the broker first');
    clock.advance(30_000);
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

describe('a worker with a rhythm of its own', () => {
  beforeEach(() => {
    liveness.unwatch('w');
    liveness.watch('slow', { beat: 30_000, dead_after: 90_000 });
    liveness.watch('usual');
    liveness.synced('slow');
    liveness.synced('usual');
    events.length = 0;
  });

  test('is suspect a little after the beat that is missing, beside others that keep the usual time', () => {
    clock.advance(3600);
    liveness.heard('slow');
    clock.advance(100_000);
    assert.deepEqual(events, [
      'usual suspect 3500',
      'probe usual',
      'probe slow',
      'usual dead 5000',
      'slow suspect 38600',
      'probe slow',
      'slow dead 93600',
    ]);
    assert.deepEqual([liveness.deadAfter('slow'), liveness.deadAfter('usual')], [90_000, 5000]);
  });

  test('may change it', () => {
    liveness.watch('slow', { beat: 1000, dead_after: 2000 });
    liveness.heard('slow');
    liveness.closed('slow');
    clock.advance(2000);
    assert.equal(liveness.standing('slow'), 'dead');
  });

  test('has at least its own time after a start of the cluster', () => {
    liveness.watch('later', { beat: 30_000, dead_after: 90_000 });
    clock.advance(89_999);
    assert.equal(liveness.standing('later'), 'awaited');
    clock.advance(1);
    assert.equal(liveness.standing('later'), 'dead');
  });
});

/** A clock whose timers come late when its process is busy, and the I/O after them. */
class BusyClock {
  time = 0;
  readonly #timers: { due: number; callback: () => void }[] = [];

  readonly clock: Clock = {
    now: () => 0,
    monotonic: () => this.time,
    after: (ms, callback) => {
      const timer = { due: this.time + ms, callback };
      this.#timers.push(timer);
      return () => void this.#timers.splice(this.#timers.indexOf(timer) >>> 0, 1);
    },
  };

  /** Time goes on, and nothing else happens until then. */
  busy(ms: number): void {
    this.time += ms;
    const due = this.#timers.filter(timer => timer.due <= this.time).sort((a, b) => a.due - b.due);
    for (const timer of due) {
      const index = this.#timers.indexOf(timer);
      if (index < 0) continue;
      this.#timers.splice(index, 1);
      timer.callback();
    }
  }

  /** In small steps, as when there is nothing else to do. */
  idle(ms: number): void {
    for (let left = ms; left > 0; left -= 50) this.busy(Math.min(left, 50));
  }
}

describe('a pause of this process', () => {
  let busy: BusyClock;
  let heardAll: (() => void)[];
  let paused: Liveness;

  beforeEach(() => {
    busy = new BusyClock();
    heardAll = [];
    paused = new Liveness({
      clock: busy.clock,
      deadAfter: 5000,
      grace: 30_000,
      reachable: () => true,
      probe: id => events.push(`probe ${id}`),
      heardAll: callback => void heardAll.push(callback),
    });
    paused.onChange((id, standing) => events.push(`${id} ${standing}`));
    paused.watch('w');
    paused.synced('w');
    events.length = 0;
  });

  const turn = () => {
    for (const callback of heardAll.splice(0)) callback();
  };

  test('is no silence of a worker: it gets another probe instead of a verdict', () => {
    paused.closed('w');
    busy.busy(60_000);
    turn();
    assert.deepEqual(events, ['w suspect', 'probe w', 'probe w']);
    // it may have given up waiting for an answer, and comes back
    busy.idle(29_900);
    turn();
    assert.equal(paused.standing('w'), 'suspect');
    busy.idle(200);
    turn();
    assert.equal(events.at(-1), 'w dead');
  });

  test('that ends just after a verdict is due: what arrived meanwhile is heard first', () => {
    paused.closed('w');
    busy.idle(4900);
    busy.busy(300);
    assert.equal(heardAll.length, 1);
    paused.heard('w');
    turn();
    assert.equal(paused.standing('w'), 'live');
  });

  test('that ends just before a verdict is due: the probe has not been answered for want of time', () => {
    busy.idle(3600);
    busy.busy(1250);
    busy.idle(200);
    turn();
    assert.deepEqual(events, ['w suspect', 'probe w', 'probe w']);
    busy.idle(1600);
    turn();
    assert.equal(events.at(-1), 'w dead');
  });
});

test('a jump of the wall clock means nothing', () => {
  liveness.synced('w');
  events.length = 0;
  for (const hour of [3_600_000, -7_200_000]) {
    clock.jump(hour);
    clock.advance(3000);
    liveness.heard('w');
  }
  assert.deepEqual(events, []);
});
