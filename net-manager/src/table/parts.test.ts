/** Changes are worked out from the parts that they touch; step by step these must add up to the whole. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { TableEntry } from '@hedgerow/protos';
import { withAttachment, withoutAttachment } from '../attach/attach.ts';
import { entry, instance, WORKER_A, WORKER_B } from '../testing/table.ts';
import { changesOf, withRegistration } from './changes.ts';
import { desiredPart, desiredState, type KernelState } from './desired.ts';
import { type Change, difference, type Observed } from './difference.ts';
import { Directory, type ServiceChanges } from './directory.ts';
import { EMPTY_STATE, type NetState } from './state.ts';
import { touchedBy } from './touched.ts';

const MAPS = ['routes', 'neighbours', 'tunnelEnds', 'elements'] as const;
const BARE = { addresses: new Set<string>(), docker: { exists: false, complete: false, handles: [] } };

/** A worker whose kernel is maps: what each step sets and removes is applied to them. */
class Worker {
  readonly services = new Directory();
  state = withRegistration(EMPTY_STATE, WORKER_A);
  readonly kernel: Record<string, Map<string, unknown>>;
  #ground: Observed;

  constructor() {
    const whole = this.whole();
    this.kernel = Object.fromEntries(
      [...MAPS, 'links' as const].map(name => [name, new Map<string, unknown>(whole[name])]),
    );
    this.#ground = { ...whole, ...BARE, rules: '' };
    this.#ground = difference(whole, this.#ground).after;
  }

  whole(): KernelState {
    return desiredState(this.#known(this.state));
  }

  /** @returns how many keys were looked at */
  step(next: NetState, changes: ServiceChanges = new Map()): number {
    const touched = touchedBy(this.services, this.state, next, changes);
    const before = desiredPart(this.#known(this.state), touched);
    this.services.apply(changes);
    this.state = next;
    const after = desiredPart(this.#known(next), touched);
    const { subnet, tunnel, size, rules } = this.#ground;
    const found = { ...before, ...BARE, subnet, tunnel, size, rules };
    const done = difference(after, found, () => this.whole());
    if (done.plan.rules) this.kernel.elements?.clear();
    for (const [link] of [...done.plan.links.gone, ...done.plan.links.stale]) this.#lose(link);
    this.#apply('links', done.plan.links);
    for (const name of MAPS) this.#apply(name, done.plan[name]);
    this.#ground = done.after;
    return [...MAPS, 'links' as const].reduce((sum, name) => sum + before[name].size + after[name].size, 0);
  }

  tell(...entries: TableEntry[]): number {
    return this.step(this.state, changesOf(this.services, [{ entries, whole: false }]));
  }

  /** As the kernel does with a device. */
  #lose(link: string): void {
    for (const map of [this.kernel.routes, this.kernel.neighbours]) {
      for (const [key, value] of map ?? []) if (`${key} ${value}`.includes(`dev ${link}`)) map?.delete(key);
    }
  }

  #apply(name: string, { gone, set }: Change<unknown>): void {
    for (const [key] of gone) this.kernel[name]?.delete(key);
    for (const [key, value] of set) this.kernel[name]?.set(key, value);
  }

  #known({ attachments }: NetState) {
    return { registration: WORKER_A, attachments, services: this.services, networks: ['10.20.0.0/16'] };
  }
}

/** Numbers that are the same in each run (a linear congruence, Numerical Recipes). */
function chances(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const job = (n: number) => `a.b.s${n}.d`;

/** Few services, addresses and workers, so that they meet often. */
function randomEntry(chance: (below: number) => number): TableEntry {
  const n = chance(6);
  const count = chance(8) === 0 ? 20 : chance(4);
  const instances = Array.from({ length: count }, (_, number) => {
    const worker =
      [WORKER_A, WORKER_B, { ...WORKER_B, public_address: '192.168.77.9' }][chance(3)] ?? WORKER_A;
    const at = worker === WORKER_A ? `10.18.0.${2 + n}` : `10.18.0.${66 + chance(40)}`;
    return instance(worker, number, chance(5) === 0 ? '' : at, `10.30.1.${chance(12)}`);
  });
  return { ...entry(job(n), `10.30.0.${chance(7)}`, instances), removed: chance(5) === 0 };
}

for (const seed of [1, 2, 3, 4, 5]) {
  test(`any sequence of changes (${seed})`, () => {
    const chance = chances(seed);
    const worker = new Worker();
    for (let turn = 0; turn < 300; turn++) {
      const request = { pid: 1 + chance(3), serviceName: job(chance(6)), instanceNumber: 0 };
      const kind = chance(4);
      if (kind === 0) worker.step(withoutAttachment(worker.state, request));
      else if (kind === 1) {
        const ports = {
          ...request,
          portMappings: chance(2) === 0 ? '' : `${8000 + Number(request.serviceName[5])}`,
        };
        worker.step(withAttachment(worker.state, ports, `boot/${request.pid}`));
      } else worker.tell(randomEntry(chance), ...(chance(3) === 0 ? [randomEntry(chance)] : []));
      const whole = worker.whole();
      for (const name of [...MAPS, 'links' as const]) {
        const sorted = (map: ReadonlyMap<string, unknown>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
        assert.deepEqual(
          sorted(worker.kernel[name] ?? new Map()),
          sorted(whole[name]),
          `${name}, turn ${turn}`,
        );
      }
    }
  });
}

test('an entry costs what it is, however many there are', () => {
  const of = (n: number, count: number) => {
    const ip = (third: number) => `10.30.${third + (n >> 8)}.${n & 255}`;
    const at = `10.18.${1 + (n % 200)}`;
    const worker = { ...WORKER_B, subnet: `${at}.0`, public_address: `192.0.2.${1 + (n % 200)}` };
    const list = Array.from({ length: count }, (_, i) =>
      instance(worker, i, `${at}.${2 + i}`, ip(100 + 10 * i)),
    );
    return entry(job(n), ip(10), list);
  };
  const costs = [10, 1000].map(many => {
    const worker = new Worker();
    worker.tell(...Array.from({ length: many }, (_, n) => of(n, 1)));
    return worker.tell(of(5, 3));
  });
  assert.equal(costs[0], costs[1]);
  assert.ok((costs[1] ?? 0) < 30, `${costs[1]} keys`);
});
