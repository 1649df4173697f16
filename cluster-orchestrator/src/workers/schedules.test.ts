/** Workers that beat and answer while they can, over cuts, deaths and restarts, on a clock that is turned by hand. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import { Liveness } from './liveness.ts';
import type { Rhythm } from './rhythm.ts';

const BEAT = 3000;
/** ms between two looks of this test */
const STEP = 100;
/** ms */
const ROUND_TRIP = 10;

interface Played {
  /** ms of its first beat */
  phase: number;
  /** can it be heard then? */
  up: (at: number) => boolean;
  /** does it answer a probe? Software that is slow does so later, ms */
  answers: number;
}

let clock: ManualClock;
let liveness: Liveness;
let played: Map<string, Played>;
/** `<id> <ms>` */
let dead: string[];
let reachable: boolean;

beforeEach(() => start());

function start(): void {
  clock = manualClock();
  [dead, reachable, played] = [[], true, new Map()];
  liveness = new Liveness({
    clock,
    deadAfter: 5000,
    grace: 30_000,
    reachable: () => reachable,
    probe(id) {
      const worker = played.get(id);
      if (worker?.up(clock.monotonic())) clock.after(worker.answers, () => speak(id));
    },
    heardAll: callback => callback(),
  });
  liveness.onChange((id, standing) => standing === 'dead' && dead.push(`${id} ${clock.monotonic()}`));
}

function add(id: string, worker: Partial<Played> = {}, rhythm: Partial<Rhythm> = {}): void {
  played.set(id, { phase: 0, up: () => true, answers: ROUND_TRIP, ...worker });
  liveness.watch(id, rhythm);
}

/** One that is not known to be there is asked for its sync, and gives it. */
function speak(id: string): void {
  if (!played.get(id)?.up(clock.monotonic())) return;
  if (liveness.isThere(id)) liveness.heard(id);
  else liveness.synced(id);
}

/** @param to ms */
function run(to: number): void {
  while (clock.monotonic() < to) {
    const at = clock.monotonic();
    for (const [id, { phase }] of played) if (at % BEAT === phase) speak(id);
    clock.advance(STEP);
  }
}

/** Is heard but for this time. */
const without =
  (...cuts: [from: number, to: number][]) =>
  (at: number) =>
    !cuts.some(([from, to]) => at >= from && at < to);
const until = (end: number) => without([end, Number.POSITIVE_INFINITY]);
const ids = () => dead.map(line => line.split(' ')[0]);
const diedAt = (id: string) => Number(dead.find(line => line.startsWith(`${id} `))?.split(' ')[1]);

describe('a worker that dies is found', () => {
  test('alone, 5 s after its last sign of life', () => {
    add('a', { up: until(9100) });
    run(30_000);
    assert.deepEqual(dead, ['a 14000']);
    assert.equal(liveness.isAwaitedBack('a'), false);
  });

  test('while the other one is being restarted, soon after that one is back', () => {
    add('a', { up: until(9100) });
    add('b', { up: without([10_000, 18_000]) });
    run(10_000);
    liveness.closed('b');
    run(60_000);
    assert.deepEqual(ids(), ['a']);
    assert.ok(diedAt('a') <= 18_000 + 8000 + 1600, dead.join());
  });

  test('with four of five, by the one that is left, whoever is asked first', () => {
    for (const id of ['a', 'b', 'c', 'd']) add(id, { up: until(9100) });
    add('e', { phase: 2900 });
    run(30_000);
    assert.deepEqual(ids().sort(), ['a', 'b', 'c', 'd']);
    assert.ok(
      dead.every(line => Number(line.split(' ')[1]) <= 16_000),
      dead.join(),
    );
  });

  test('beside one that beats twice a minute and did not get its first probe', () => {
    add('a', { up: until(9100) });
    add('m', { phase: 100, up: without([100, 11_000]), answers: 700 }, { beat: 30_000, dead_after: 90_000 });
    liveness.synced('m');
    run(30_000);
    assert.deepEqual(ids(), ['a']);
    assert.ok(diedAt('a') < 20_000, dead.join());
  });

  test('beside one that always takes more than a second to answer', () => {
    add('a', { up: until(9100) });
    add('b', { phase: 1500, answers: 1200 });
    run(60_000);
    assert.deepEqual(ids(), ['a']);
    assert.ok(diedAt('a') <= 20_000, dead.join());
  });

  test('after a restart of the cluster, when it said that it would be back soon', () => {
    add('a', { up: () => false }, { back_in: 8000 });
    add('b', { phase: 500 }, { back_in: 8000 });
    run(20_000);
    assert.deepEqual(ids(), ['a']);
    assert.ok(diedAt('a') <= 9000, dead.join());
  });

  test('when others flap all the time', () => {
    add('a', { up: until(9100) });
    add('b', { up: at => at % 4000 < 2000 });
    run(120_000);
    assert.ok(ids().includes('a'));
    assert.equal(liveness.isAwaitedBack('a'), false);
  });
});

describe('nobody is dead', () => {
  for (const cut of [4000, 6000, 10_000, 25_000]) {
    test(`when all are cut off for ${cut} ms and the last one follows as late as TCP may`, () => {
      for (let phase = 0; phase < BEAT; phase += 500) {
        start();
        add('a', { phase, up: without([9000, 9000 + cut]) });
        add('b', { up: without([9000, 9000 + 2 * cut]) });
        run(90_000);
        assert.deepEqual(dead, [], `phase ${phase}`);
      }
    });
  }

  test('when the broker was away for a minute and they come back one by one', () => {
    add('a', { up: without([9000, 70_500]) }, { back_in: 8000 });
    add('b', { up: without([9000, 76_000]) }, { back_in: 8000 });
    run(9000);
    reachable = false;
    run(70_000);
    reachable = true;
    run(120_000);
    assert.deepEqual(dead, []);
  });

  test('alone, when the broker was away', () => {
    add('a', { up: without([9000, 36_000]) }, { back_in: 8000 });
    run(9000);
    reachable = false;
    run(30_000);
    reachable = true;
    run(90_000);
    assert.deepEqual(dead, []);
  });

  test('after a restart behind a link that is cut for 20 s more', () => {
    add('a', { up: without([0, 20_000]) }, { back_in: 8000 });
    add('b', { phase: 700, up: without([0, 26_000]) }, { back_in: 8000 });
    run(90_000);
    assert.deepEqual(dead, []);
  });

  test('while a crowd is still coming in after a restart', () => {
    for (let n = 0; n < 12; n++)
      add(`w${n}`, { phase: (n * 1500) % BEAT, up: at => at >= n * 1500 }, { back_in: 8000 });
    run(60_000);
    assert.deepEqual(dead, []);
  });
});

describe('after ten minutes without anybody', () => {
  const LONG = 609_000;

  test('those who come back within 30 s of the first one keep what they ran, the others are awaited no more', () => {
    add('a', { up: without([9000, LONG]) });
    add('b', { up: without([9000, LONG + 20_000]) });
    add('c', { up: until(9000) });
    add('d', { up: until(9000) });
    run(LONG + 20_000);
    assert.deepEqual(ids().sort(), ['a', 'b', 'c', 'd']);
    assert.ok(liveness.isAwaitedBack('b'));
    run(LONG + 33_000);
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map(id => [liveness.standing(id), liveness.isAwaitedBack(id)]),
      [
        ['live', false],
        ['live', false],
        ['dead', false],
        ['dead', false],
      ],
    );
  });

  test('after a restart with nobody there, too', () => {
    add('a', { up: without([0, LONG]) }, { back_in: 8000 });
    add('b', { up: without([0, LONG + 20_000]) }, { back_in: 8000 });
    run(LONG + 15_000);
    assert.deepEqual([liveness.standing('a'), liveness.isAwaitedBack('b')], ['live', true]);
  });

  test('a link that comes and goes does not have the first one get what the others run', () => {
    const cuts: [number, number][] = [
      [9000, 100_000],
      [103_200, 200_000],
    ];
    add('a', { up: without(...cuts) });
    add('b', { up: without([9000, 202_000]) });
    add('c', { up: without([9000, 199_000]) });
    run(199_000);
    assert.equal(liveness.standing('b'), 'dead');
    for (let at = 199_000; at < 202_000; at += 500) {
      run(at);
      const [a, b] = ['a', 'b'].map(id => liveness.isExpected(id) || liveness.isAwaitedBack(id));
      assert.deepEqual([a, b], [true, true], `at ${at}`);
    }
    run(240_000);
    assert.deepEqual(
      ['a', 'b', 'c'].map(id => liveness.standing(id)),
      ['live', 'live', 'live'],
    );
  });

  test('one that was never silent for long, but had not answered, lets the others be given up', () => {
    const metered = { beat: 30_000, dead_after: 90_000 };
    add('a', { up: until(9000) });
    add('b', { up: until(9000) });
    // its beats arrive, answers to probes never do
    add('m', { phase: -1, answers: 1e9 }, metered);
    run(9000);
    liveness.synced('m');
    for (let at = 40_000; at < 120_000; at += 20_000) {
      run(at);
      liveness.heard('m');
    }
    assert.deepEqual([liveness.standing('m'), ids().sort()], ['live', ['a', 'b']]);
    assert.deepEqual([liveness.isAwaitedBack('a'), liveness.isAwaitedBack('b')], [false, false]);
  });
});
