/** One schedule, from its seed to its verdict. */

import { Acts } from './acts.ts';
import { differences } from './checks/convergence.ts';
import { Watch } from './checks/deadlines.ts';
import { checkHistories, checkOutlived } from './checks/histories.ts';
import { OrdersWatch } from './checks/orders.ts';
import { checkReach } from './checks/reach.ts';
import { Starts } from './checks/starts.ts';
import type { Event, Temper } from './events.ts';
import type { Mutation } from './mutation.ts';
import { Operator } from './operator.ts';
import { type Plan, planOf } from './plan.ts';
import { Turns } from './time/turns.ts';
import type { Encoding } from './wire/encoding.ts';
import { World } from './world.ts';

export interface RunOptions {
  seed: number;
  encoding: Encoding;
  trace?: (line: string) => void;
  mutate?: Mutation;
  /** ms from the healing in which all has to be as it should be; the sum of the deadlines when left out */
  patience?: number;
  /** instead of those that the seed draws: to find out which of them matter */
  events?: readonly Event[];
}

export interface Verdict {
  seed: number;
  temper: Temper;
  events: readonly Event[];
  /** what was wrong first; none when all was well */
  wrong: readonly string[];
  /** ms from the last event's end until everything was as it should be */
  convergedIn: number;
  /** ms of simulated time */
  lasted: number;
}

const SECOND = 1000;
/**
 * ms at most from the healing to the end: one start that takes as long as CREATING may, its cluster's patience with it,
 * the longest back-off, a worker and a cluster that are waited for, and a removal.
 */
const CONVERGED_WITHIN = (600 + 30 + 300 + 30 + 60 + 60 + 30 + 60) * SECOND;
/** ms between two looks, and that it has to stay so */
const LOOK = 2 * SECOND;
const STAYS = 6 * SECOND;

export async function run(options: RunOptions): Promise<Verdict> {
  const plan = planOf(options.seed);
  const turns = new Turns();
  const restore = turns.install(plan.chance);
  try {
    return await new Run(options, plan, turns).run();
  } finally {
    restore();
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #world: World;
  readonly #operator: Operator;
  readonly #acts: Acts;
  readonly #temper: Temper;
  readonly #events: readonly Event[];
  readonly #starts: Starts;
  readonly #watch: Watch;
  readonly #orders: OrdersWatch;
  /** ms of the next look at deadlines */
  #lookAt = 0;
  readonly #wrong: string[] = [];
  #isOver = false;

  constructor(options: RunOptions, { temper, events, ...drawn }: Plan, turns: Turns) {
    this.#options = options;
    this.#temper = temper;
    this.#events = options.events ?? events;
    this.#starts = new Starts(temper === 'gentle', () => this.#world.root.wasRestored);
    const { encoding, trace = null, mutate = {} } = options;
    this.#world = new World(
      { ...drawn, turns, encoding, trace, mutate },
      {
        began: (host, container) => this.#note(this.#starts.began(host, container)),
        told: (host, report) => this.#starts.told(host, report),
        seen: message => this.#watch.seen(message),
        crashed: error => this.#note(`a process would have crashed: ${describe(error)}`),
      },
    );
    this.#watch = new Watch(this.#world);
    this.#orders = new OrdersWatch(this.#world);
    this.#operator = new Operator(this.#world);
    this.#acts = new Acts(this.#world, this.#operator);
  }

  async run(): Promise<Verdict> {
    const world = this.#world;
    this.#acts.schedule(this.#events);
    world.start();
    const last = Math.max(
      0,
      ...this.#events.map(event => event.at + ('ms' in event ? Math.max(0, event.ms) : 0)),
    );
    await this.#until(last + SECOND);
    this.#acts.healAll();
    const healed = world.timeline.now;
    const convergedIn = this.#wrong.length > 0 ? 0 : await this.#converge(healed);
    const lasted = world.timeline.now;
    this.#isOver = true;
    await world.end();
    const { seed } = this.#options;
    return { seed, temper: this.#temper, events: this.#events, wrong: this.#wrong, convergedIn, lasted };
  }

  async #converge(from: number): Promise<number> {
    const { timeline } = this.#world;
    const until = from + (this.#options.patience ?? CONVERGED_WITHIN);
    let since: number | null = null;
    let left: string[] = [];
    while (this.#wrong.length === 0 && timeline.now < until) {
      left = await differences(this.#world, this.#operator);
      since = left.length > 0 ? null : (since ?? timeline.now);
      if (since !== null && timeline.now - since >= STAYS) {
        for (const check of [checkHistories, checkOutlived])
          for (const found of await check(this.#world)) this.#note(found);
        return since - from;
      }
      await this.#until(timeline.now + LOOK);
    }
    if (this.#wrong.length === 0) this.#wrong.push(...left.map(line => `does not converge: ${line}`));
    return timeline.now - from;
  }

  #until(time: number): Promise<void> {
    return this.#world.timeline.runUntil(time, () => {
      if (this.#world.dirty) {
        this.#world.dirty = false;
        for (const found of checkReach(this.#world)) this.#note(found);
      }
      if (this.#world.timeline.now >= this.#lookAt) {
        this.#lookAt = this.#world.timeline.now + SECOND;
        for (const found of [...this.#watch.check(), ...this.#orders.check()]) this.#note(found);
      }
      return this.#wrong.length > 0;
    });
  }

  #note(found: string | null): void {
    if (found === null || this.#isOver) return;
    this.#world.trace(`WRONG ${found}`);
    this.#wrong.push(`at ${(this.#world.timeline.now / SECOND).toFixed(3)} s: ${found}`);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
