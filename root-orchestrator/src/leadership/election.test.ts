import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openSqlite, type Store, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { Lease } from '../model.ts';
import { type SharedView, shareStore } from '../testing/shared-view.ts';
import { Election } from './election.ts';
import type { Reign, Term } from './leadership.ts';

const LEASE = 10_000;

let store: Store;
let newView: () => SharedView;
beforeEach(() => {
  store = openSqlite({ file: ':memory:', durability: 'normal' });
  newView = shareStore(store);
});
afterEach(() => store.close());

/** A root with a clock of its own, which also begins at its own time. */
class Root {
  readonly clock: ManualClock;
  readonly view: SharedView = newView();
  readonly leases = this.view.collection<Lease>('leases', []);
  readonly election: Election<Term>;
  readonly reigns: Reign[] = [];
  readonly events: string[] = [];
  /** what the start of a term waits for */
  gate: Promise<void> = Promise.resolve();
  readonly #name: string;

  constructor(name: string, former: readonly string[] = [], ended: ReadonlySet<string> = new Set()) {
    this.#name = name;
    this.clock = manualClock(name === 'a' ? Date.UTC(2026, 0, 1) : Date.UTC(2031, 5, 1));
    this.election = new Election({
      leases: this.leases,
      clock: this.clock,
      log: silentLogger,
      rootId: name,
      former: new Set(former),
      process: `process of ${name}`,
      hasEnded: process => ended.has(process),
      lease: LEASE,
      makeTerm: reign => this.#makeTerm(reign),
    });
  }

  async start(): Promise<void> {
    await this.election.start(`${this.#name}:10000`);
  }

  /** Time goes by in steps, with the store's answers between them. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      this.clock.advance(Math.min(500, left));
      await settle();
    }
  }

  get leads(): boolean {
    return this.election.term !== null;
  }

  #makeTerm(reign: Reign): Term {
    this.reigns.push(reign);
    return {
      start: () => {
        this.events.push(`start ${reign.epoch}`);
        return this.gate;
      },
      stop: async () => void this.events.push(`stop ${reign.epoch}`),
    };
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

async function pair(): Promise<[Root, Root]> {
  const [a, b] = [new Root('a'), new Root('b')];
  await a.start();
  await b.start();
  return [a, b];
}

describe('roots over one store', () => {
  test('the first one leads, and every one knows who', async () => {
    const [a, b] = await pair();
    assert.deepEqual([a.leads, b.leads], [true, false]);
    assert.deepEqual(a.events, ['start 1']);
    for (const { election } of [a, b]) assert.deepEqual(election.leader(), { epoch: 1, address: 'a:10000' });
  });

  test('of many that start together exactly one leads', async () => {
    const roots = ['a', 'b', 'c', 'd'].map(name => new Root(name));
    await Promise.all(roots.map(root => root.start()));
    assert.equal(roots.filter(root => root.leads).length, 1);
  });

  test('a leader that renews leads on', async () => {
    const [a, b] = await pair();
    for (let second = 0; second < 60; second += 1) {
      await a.pass(1000);
      await b.pass(1000);
    }
    assert.deepEqual([a.events, b.events], [['start 1'], []]);
  });

  test('a leader whose process has ended is followed at the next look, under a larger epoch', async () => {
    const ended = new Set<string>();
    const [a, b] = [new Root('a'), new Root('b', [], ended)];
    await a.start();
    await b.start();
    await b.pass(2000);
    assert.equal(b.leads, false);
    ended.add('process of a');
    await b.pass(1000);
    assert.deepEqual([b.leads, b.events], [true, ['start 2']]);
  });

  test('a leader that is silent for the lease time is followed, under a larger epoch', async () => {
    const [a, b] = await pair();
    await b.pass(LEASE - 1000);
    assert.equal(b.leads, false);
    await b.pass(2000);
    assert.equal(b.leads, true);
    assert.deepEqual(b.election.leader(), { epoch: 2, address: 'b:10000' });
    await settle();
    assert.equal(a.leads, false, 'and it hears of it');
    assert.deepEqual(a.election.leader(), { epoch: 2, address: 'b:10000' });
  });

  test('one that was paused and cut off ends before it does anything else', async () => {
    const [a, b] = await pair();
    a.view.down = true;
    await b.pass(LEASE + 1000);
    assert.deepEqual([a.leads, b.leads], [true, true], 'a has not run since');
    a.clock.advance(LEASE * 0.8);
    assert.deepEqual(a.events, ['start 1', 'stop 1']);
    assert.equal(a.reigns[0]?.isValid(), false);
    assert.equal(b.reigns[0]?.isValid(), true);
  });

  test('one whose timers are late is not valid all the same', async () => {
    const [a] = await pair();
    const reign = a.reigns[0];
    assert.equal(reign?.isValid(), true);
    await a.pass(2000);
    a.view.down = true;
    // renewals fail; the one timer that matters has not run yet when the time is over
    const at = a.clock.monotonic();
    assert.equal(reign?.isValid(), true);
    a.clock.after(LEASE * 0.8 - at, () => assert.equal(reign?.isValid(), false));
    a.clock.advance(LEASE * 0.8 - at);
    assert.equal(reign?.isValid(), false);
  });

  test('one that cannot renew stops before another begins, answers on, and leads again later', async () => {
    const [a, b] = await pair();
    a.view.down = true;
    let stoppedFor = -1;
    for (let ms = 0; ms <= LEASE + 2000; ms += 500) {
      await a.pass(500);
      if (!a.leads && stoppedFor < 0) stoppedFor = ms;
      await b.pass(500);
      if (b.leads) {
        assert.ok(ms - stoppedFor >= 1000, `a stopped at ${stoppedFor} ms, b began at ${ms} ms`);
        break;
      }
    }
    assert.ok(stoppedFor > 0 && b.leads);
    a.view.down = false;
    await a.pass(1000);
    assert.deepEqual([a.leads, a.election.leader()?.epoch], [false, 2]);
    await b.election.stop();
    await settle();
    assert.deepEqual(a.events, ['start 1', 'stop 1', 'start 3']);
  });

  test('one that was cut off and that nobody has followed leads again, as a new reign', async () => {
    const a = new Root('a');
    await a.start();
    a.view.down = true;
    await a.pass(LEASE);
    a.view.down = false;
    await a.pass(1000);
    assert.deepEqual(a.events, ['start 1', 'stop 1', 'start 2']);
  });

  test('one that knows that the leader is dead does not wait for the lease', async () => {
    const a = new Root('a');
    await a.start();
    a.view.down = true;
    const [other, again] = [new Root('b'), new Root('c', ['x', 'a'])];
    await other.start();
    assert.equal(other.leads, false);
    await again.start();
    assert.deepEqual([again.leads, again.election.leader()?.epoch], [true, 2]);
  });

  test('a clean stop gives the lease back: the other leads at once', async () => {
    const [a, b] = await pair();
    await a.election.stop();
    await settle();
    assert.deepEqual([a.events, b.events], [['start 1', 'stop 1'], ['start 2']]);
    assert.equal(a.election.leader(), null);
  });

  test('a leader that learns of a later epoch takes the one after it', async () => {
    const [a] = await pair();
    a.election.outbid(1);
    assert.deepEqual(a.events, ['start 1']);
    a.election.outbid(7);
    await settle();
    assert.deepEqual(a.events, ['start 1', 'stop 1', 'start 8']);
  });

  test('a term that cannot start is given to another root', async () => {
    const [a, b] = [new Root('a'), new Root('b')];
    a.gate = Promise.reject(new Error('no'));
    await a.start();
    await b.start();
    await settle();
    assert.deepEqual([a.events, b.events], [['start 1', 'stop 1'], ['start 2']]);
  });

  test('a term that takes long to start keeps its lease, and hears that it is to stop', async () => {
    const a = new Root('a');
    const gate = Promise.withResolvers<void>();
    a.gate = gate.promise;
    const starting = a.start();
    await a.pass(3 * LEASE);
    assert.deepEqual([a.leads, a.reigns[0]?.isValid()], [true, true]);
    const stopping = a.election.stop();
    assert.deepEqual(a.events, ['start 1', 'stop 1']);
    gate.resolve();
    await Promise.all([starting, stopping]);
    assert.equal((await a.leases.get('leader'))?.root_id, '');
  });

  test('a lease that somebody deleted is taken anew', async () => {
    const [a] = await pair();
    await a.leases.remove('leader');
    await a.pass(1000);
    assert.equal(a.leads, true);
    assert.equal((await a.leases.get('leader'))?.root_id, 'a');
  });
});
