/** What runs while this root leads, and only then: streams of clusters, scheduling, the network table, sweeps. */
import { type Clock, every, isErrorOf, type Logger, messageOf, STORE_ERRORS } from '@hedgerow/common';
import { Clusters } from '../clusters/clusters.ts';
import type { HandlerParts } from '../clusters/handlers/handler.ts';
import type { Session } from '../clusters/session.ts';
import type { Collections } from '../collections.ts';
import { Absences } from '../deployments/absences.ts';
import { Asks } from '../deployments/asks.ts';
import { Board } from '../deployments/board.ts';
import { Driver } from '../deployments/driver.ts';
import { InstanceStore } from '../deployments/instance-store.ts';
import { Placement } from '../deployments/placement.ts';
import { Reconciler } from '../deployments/reconciler.ts';
import { Removal } from '../deployments/removal.ts';
import { Story } from '../logs/story.ts';
import { LogStreams } from '../logs/streams.ts';
import type { RootMeter } from '../metrics/meter.ts';
import { leakedClaims, leakedHistories, leakedInstances } from '../network/leaks.ts';
import { Lookup } from '../network/lookup.ts';
import { Subnets } from '../network/subnets.ts';
import { Sweep } from '../network/sweep.ts';
import { Table } from '../network/table.ts';
import type { Addresses, MoveRecorder, Outputs } from '../ports.ts';
import type { Reign, Term } from './leadership.ts';
import { LONGEST_REQUEST } from './patience.ts';
import { Streams } from './streams.ts';

export interface TermDeps {
  collections: Collections;
  addresses: Addresses;
  clock: Clock;
  log: Logger;
  meter: Pick<RootMeter, 'waiting' | 'comparison' | 'sweep' | 'leaks'>;
  /** takes note of what happens to instances */
  moves: MoveRecorder;
  /** May other processes write to the store, too? */
  shared: boolean;
  /** ms between pings to a cluster, and that an answer may take */
  keepalive: number;
  outbid: (epoch: number) => void;
  /** made anew for each reign, started last and stopped first */
  others: (reign: Reign) => readonly Term[];
}

/** Timers of the pings are not the injected clock's: some room for both to be late. */
const KEEPALIVE_SLACK = 1000;
/** ms; what a crash leaves behind is seen in one turn and freed in the next */
const SWEEP_EVERY = 300_000;

/** One reign's work. Everything that it knows it reads from the store when it starts. */
export class RootTerm implements Term {
  readonly clusters: Clusters;
  readonly board: Board;
  readonly outputs: Outputs;
  readonly #deps: TermDeps;
  readonly #core: Core;
  readonly #streams: Streams;
  readonly #others: readonly Term[];
  readonly #ready = Promise.withResolvers<void>();
  readonly #cancels: (() => void)[] = [];
  #started: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: TermDeps, reign: Reign) {
    this.#deps = deps;
    this.#core = createCore(deps, reign);
    this.#streams = new Streams(this.#core);
    this.#others = deps.others(reign);
    this.clusters = this.#core.clusters;
    this.outputs = this.#core.logs;
    this.board = this.#core.board;
    // Streams that wait for it hear of a failure; there may be none.
    this.#ready.promise.catch(() => {});
  }

  accept(session: Session): void {
    this.#streams.accept(session, this.#ready.promise);
  }

  start(): Promise<void> {
    this.#started = this.#start();
    this.#started.then(this.#ready.resolve, this.#ready.reject);
    return this.#started;
  }

  async stop(): Promise<void> {
    const { table, driver, clusters, subnets, logs } = this.#core;
    this.#stopped = true;
    logs.stop();
    table.stop();
    for (const cancel of this.#cancels) cancel();
    const ended = [...this.#others.map(part => part.stop()), this.#streams.stop(), driver.stop()];
    // Whoever started it hears of its failure.
    await this.#started.catch(() => {});
    await Promise.all(ended);
    subnets.stop();
    await clusters.stop();
  }

  async #start(): Promise<void> {
    const { shared, clock } = this.#deps;
    const { driver, clusters, subnets } = this.#core;
    // Without others, nothing that is there before the API answers is half done.
    if (!shared) await this.#sweepFirst();
    for (const part of [subnets, clusters]) await part.load();
    if (this.#stopped) return;
    await driver.start();
    if (this.#stopped) return;
    this.#listen();
    this.#cancels.push(
      every(clock, SWEEP_EVERY, sweepAgain(this.#sweepAfter(LONGEST_REQUEST), this.#deps.log)),
    );
    for (const part of this.#others) await part.start();
  }

  /** On a full disk nothing can be freed, nor given to anybody else. */
  async #sweepFirst(): Promise<void> {
    try {
      await this.#sweepAfter(0)();
    } catch (error) {
      if (!isErrorOf(error, STORE_ERRORS.STORE_FULL)) throw error;
      this.#deps.log.error({ cause: messageOf(error) }, 'what nobody owns cannot be freed yet');
    }
  }

  #sweepAfter(patience: number): () => Promise<unknown> {
    const { collections, clock, log, meter } = this.#deps;
    const sweep = new Sweep({
      ...{ patience, clock, log, count: meter.leaks },
      finders: [
        () => leakedClaims(collections),
        () => leakedHistories(collections),
        () => leakedInstances(collections, id => this.#core.dismiss(id)),
      ],
    });
    return () => meter.sweep(() => sweep.run());
  }

  /** A service may be removed here or by another root; clusters are told, also when it never had an instance. */
  #listen(): void {
    const { table } = this.#core;
    const stop = this.#deps.collections.services.watch((id, service) => {
      if (!service) table.removed(id);
    });
    this.#cancels.push(stop);
  }
}

function sweepAgain(sweep: () => Promise<unknown>, log: Logger): () => Promise<void> {
  return async () => {
    try {
      await sweep();
    } catch (error) {
      log.warn({ cause: messageOf(error) }, 'what nobody owns could not be looked for; tried again');
    }
  };
}

interface Core extends HandlerParts {
  /** Has an instance removed that is still wanted. */
  dismiss: (id: string) => Promise<unknown>;
}

function createCore(deps: TermDeps, reign: Reign): Core {
  const { collections, addresses, clock, log, meter, moves, keepalive, outbid } = deps;
  const { services, claims } = collections;
  const clusters = new Clusters({ clusters: collections.clusters, reign, clock, log });
  const board = new Board();
  const table = new Table({ services, board, clusters, clock, log });
  const touched = (serviceId: string) => table.touch(serviceId);
  const written = { collection: collections.instances, reign, moves, outbid };
  const instances = new InstanceStore({ ...written, board, clock, touched });
  const asks = new Asks({ instances, board, clusters, clock, log });
  const placement = new Placement({ services, instances, board, clusters, table, asks, clock, log });
  const absences = new Absences({ services, instances, board, clusters, placement, clock, log });
  const left = () => driver.roomier();
  const removal = new Removal({ instances, clusters, addresses, log, left });
  const driven = { instances, board, placement, asks, absences, removal };
  const reconciler = new Reconciler({ ...driven, services, clusters, table, clock, log });
  const story = new Story({ log, nameOf: id => clusters.nameOf(id) });
  const work = { ...driven, reconciler };
  const subnets = new Subnets(claims);
  const driver = new Driver({ ...work, subnets, story, clock, log, loops: meter });
  const logs = new LogStreams({ clusters, clock });
  const lookup = new Lookup({ services, claims });
  const deadAfter = 2 * keepalive + KEEPALIVE_SLACK;
  const dismiss = (id: string) =>
    instances.change(id, ({ desired }) => (desired === 'gone' ? null : { desired: 'gone', request_id: '' }));
  const parts = { board, clusters, subnets, table, driver, lookup, logs, dismiss };
  return { ...parts, reign, outbid, clock, log, deadAfter };
}
