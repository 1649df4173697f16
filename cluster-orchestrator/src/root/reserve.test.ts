import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { type Collection, openSqlite, type Store, silentLogger } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import type { StoredSubnet, StoredWorker } from '../model.ts';
import { makeWorker } from '../testing/makers.ts';
import { turn, until } from '../testing/wait.ts';
import { holderOf, Workers } from '../workers/workers.ts';
import { type Held, Reserve, Spares } from './reserve.ts';

class Killed extends Error {}

/** The root's claims, and a cluster over a disk that may be killed before or after any write. */
class World {
  readonly claims = new Map<string, string>();
  /** subnets that other clusters have */
  readonly taken = new Set<string>();
  readonly #store: Store = openSqlite({ file: ':memory:', durability: 'normal' });
  connected = true;
  /** writes until the process ends; the last one may still reach the disk */
  life = Number.POSITIVE_INFINITY;
  lastReaches = true;
  workers!: Workers;
  reserve!: Reserve;
  #granted = 0;

  readonly wanted: number;

  constructor(wanted: number) {
    this.wanted = wanted;
  }

  async start(): Promise<void> {
    this.life = Number.POSITIVE_INFINITY;
    this.workers = new Workers(this.#mortal(this.#store.collection<StoredWorker>('workers', [])));
    const spares = new Spares(this.#mortal(this.#store.collection<StoredSubnet>('spare_subnets', [])));
    await this.workers.load();
    await spares.load();
    this.reserve = new Reserve({
      spares,
      subnets: {
        claim: async holder => {
          if (!this.connected) throw new Error('the root is away');
          this.#step();
          const subnet = this.claims.get(holder) ?? `10.18.${this.#granted++}.0`;
          this.claims.set(holder, subnet);
          return subnet;
        },
        release: holder => {
          if (this.connected && this.life > 0) this.claims.delete(holder);
          return this.connected;
        },
      },
      wanted: this.wanted,
      connected: () => this.connected,
      used: () => this.workers.all().map(holderOf),
      clock: manualClock(),
      log: silentLogger,
    });
    if (this.connected) await this.welcome();
  }

  /** The root hears what the cluster has, and frees what it has not. */
  async welcome(): Promise<void> {
    this.connected = true;
    const holds = this.holds();
    for (const [holder, subnet] of this.claims) if (holds.get(holder) !== subnet) this.claims.delete(holder);
    for (const [holder, subnet] of holds) if (!this.taken.has(subnet)) this.claims.set(holder, subnet);
    void this.reserve.confirm();
    this.reserve.balance();
    await this.idle();
  }

  async idle(): Promise<void> {
    for (let n = 0; n < 10; n++) await turn();
  }

  join(id: string): Promise<void> {
    const offer = makeWorker({ id, hostname: id });
    return this.reserve.take(({ subnet, holder }: Held) =>
      this.workers.save({ ...offer, subnet, subnet_holder: holder }),
    );
  }

  async remove(id: string): Promise<void> {
    const worker = this.workers.get(id);
    if (!worker) return;
    await this.workers.remove(id);
    await this.reserve.giveBack({ subnet: worker.subnet, holder: holderOf(worker) });
  }

  /** holder → subnet. @throws when anything is held twice */
  holds(): Map<string, string> {
    const workers = this.workers.all().map(worker => [holderOf(worker), worker.subnet] as const);
    const spare = this.reserve.holds().map(({ worker_id, subnet }) => [worker_id, subnet] as const);
    const all = [...workers, ...spare];
    assert.equal(new Set(all.map(([holder]) => holder)).size, all.length, 'a holder has two subnets');
    assert.equal(new Set(all.map(([, subnet]) => subnet)).size, all.length, 'a subnet is held twice');
    return new Map(all);
  }

  assertNoLeak(): void {
    assert.deepEqual([...this.holds()].sort(), [...this.claims].sort());
  }

  #step(): void {
    this.life -= 1;
    if (this.life <= 0) throw new Killed();
  }

  #mortal<T extends StoredWorker | StoredSubnet>(real: Collection<T>): Collection<T> {
    const write = async <R>(action: () => Promise<R>): Promise<R> => {
      if (this.life === 1 && this.lastReaches) await action();
      this.#step();
      return action();
    };
    return {
      get: id => real.get(id),
      find: (filter, page) => real.find(filter, page),
      insert: document => write(() => real.insert(document)),
      replace: (document, revision) => write(() => real.replace(document, revision)),
      remove: (id, revision) => write(() => real.remove(id, revision)),
      watch: watcher => real.watch(watcher),
    };
  }
}

let world: World;
beforeEach(async () => {
  world = new World(2);
  await world.start();
});

describe('spare subnets', () => {
  test('are as many as wanted, and again when one was used', async () => {
    assert.equal(world.reserve.spare, 2);
    await world.join('a');
    await until('it is filled up', () => world.reserve.spare === 2);
    assert.equal(world.claims.size, 3);
    world.assertNoLeak();
  });

  test('serve workers that join while the root is away, as long as they last', async () => {
    world.connected = false;
    await world.join('a');
    await world.join('b');
    await assert.rejects(world.join('c'), /the root is away/);
    await world.welcome();
    await world.join('c');
    await world.idle();
    assert.equal(world.reserve.spare, 2);
    world.assertNoLeak();
  });

  test('take in the subnet of a worker that is removed while the root is away; what is too much goes back', async () => {
    await world.join('a');
    await world.idle();
    world.connected = false;
    await world.remove('a');
    assert.equal(world.reserve.spare, 3);
    await world.welcome();
    assert.equal(world.reserve.spare, 2);
    world.assertNoLeak();
  });

  test('outlive a restart', async () => {
    const before = [...world.holds()].sort();
    world.connected = false;
    await world.start();
    assert.deepEqual([...world.holds()].sort(), before);
    await world.join('a');
  });

  test('that another cluster got, because this one was removed or the root’s store put back, are given to no worker', async () => {
    const [[holder = '', first = ''] = []] = [...world.holds()];
    world.claims.delete(holder);
    world.taken.add(first);
    await world.welcome();
    for (const id of ['a', 'b', 'c']) await world.join(id);
    await world.idle();
    assert.ok(![...world.holds().values()].includes(first));
    assert.equal(world.reserve.spare, 2);
    world.assertNoLeak();
    world.connected = false;
    await world.start();
    world.assertNoLeak();
  });

  test('are not given back when the root confirms them too late', async () => {
    const [[holder = '', subnet = ''] = []] = [...world.holds()];
    await world.reserve.late({ holder, subnet });
    world.assertNoLeak();
    await world.join('a');
    await world.join('b');
    await world.reserve.late({ holder, subnet });
    await world.idle();
    world.assertNoLeak();
  });

  test('a worker that could not be stored leaves its own as it was', async () => {
    const full = world.reserve.take(() => Promise.reject(new Error('the disk is full')));
    await assert.rejects(full, /disk/);
    assert.equal(world.reserve.spare, 2);
    world.assertNoLeak();
  });

  test('side by side, each worker gets one of its own', async () => {
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map(id => world.join(id)));
    await world.idle();
    assert.equal(new Set(world.workers.all().map(({ subnet }) => subnet)).size, 5);
    world.assertNoLeak();
  });
});

/** What happens to a cluster whose process ends with its n-th write, which reaches the disk or does not. */
const DEEDS: Record<string, (world: World) => Promise<void>> = {
  join: world => world.join('new'),
  'join without a spare': async world => {
    for (const id of ['a', 'b']) await world.join(id);
    await world.join('new');
  },
  remove: world => world.remove('old'),
  'remove while the root is away, which comes back': async world => {
    world.connected = false;
    await world.remove('old');
    world.connected = true;
    world.reserve.balance();
    await world.idle();
  },
};

for (const [name, deed] of Object.entries(DEEDS)) {
  test(`nothing leaks when the process ends at any step of: ${name}`, async () => {
    for (const wanted of [0, 1, 2]) {
      for (const lastReaches of [true, false]) {
        for (let life = 1; life <= 12; life++) {
          const world = new World(wanted);
          await world.start();
          await world.join('old');
          await world.idle();
          Object.assign(world, { life, lastReaches });
          await deed(world).catch((error: unknown) => assert.ok(error instanceof Killed));
          await world.idle();
          world.connected = true;
          await world.start();
          world.assertNoLeak();
          await world.join('later');
          await world.idle();
          world.assertNoLeak();
        }
      }
    }
  });
}
