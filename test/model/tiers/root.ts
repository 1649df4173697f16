/** The root: one process at a time over a disk that stays. */
import { every, isErrorOf, type Logger, STORE_ERRORS } from '@hedgerow/common';
import { MetricRegistry } from '@hedgerow/common/metrics';
import {
  AddressBook,
  Applications,
  type Call,
  type Caller,
  Changes,
  type Collections,
  Histories,
  Instances,
  type Leadership,
  openCollections,
  Rollouts,
  RootTerm,
  Services,
  Session,
  soleLeadership,
} from '@hedgerow/root-orchestrator/testing/parts';
import { Disk } from '../machine/disk.ts';
import { Process, type Wall } from '../time/process.ts';
import type { Timeline } from '../time/timeline.ts';

export const ada: Caller = { id: 'a', name: 'ada', roles: ['Admin'], organization: 'o' };

/** ms between two looks for changes that were cut short */
const RECOVER_EVERY = 10_000;
/** ms that gRPC's pings take to find a dead stream */
const KEEPALIVE = 4000;

/** ms until a process that could not start is started again */
export const SUPERVISED = 2000;

export interface HostParts {
  timeline: Timeline;
  log: Logger;
  crashed(error: unknown): void;
}

interface Running {
  process: Process;
  term: RootTerm;
  api: { applications: Applications; services: Services; instances: Instances };
  collections: Collections;
}

export class RootHost {
  readonly name = 'root';
  readonly disk = new Disk();
  readonly wall: Wall = { skew: 0 };
  readonly #parts: HostParts;
  process: Process | null = null;
  running: Running | null = null;

  constructor(parts: HostParts) {
    this.#parts = parts;
  }

  /** As seen from outside, whether or not a process runs. */
  get stored(): Collections {
    return openCollections(this.disk.raw);
  }

  start(): void {
    if (this.process?.isAlive) return;
    const { timeline, crashed } = this.#parts;
    const process = new Process('root', timeline, this.wall, crashed);
    this.process = process;
    process.enter(() => void this.#start(process).catch((error: unknown) => this.#failed(process, error)));
  }

  kill(): void {
    this.process?.kill();
    this.running = null;
  }

  accept(call: Call): void {
    const { running } = this;
    if (!running) return;
    const { clock } = running.process;
    running.term.accept(new Session({ call, clock, counts: { sent() {}, received() {} }, cut: () => {} }));
  }

  /** A start that the disk does not allow ends the process; who supervises it starts it again. */
  #failed(process: Process, error: unknown): void {
    if (!isErrorOf(error, STORE_ERRORS.STORE_FULL)) this.#parts.crashed(error);
    process.kill();
    this.#parts.timeline.after(SUPERVISED, () => {
      if (this.process === process) this.start();
    });
  }

  async #start(process: Process): Promise<void> {
    const { clock } = process;
    const { log } = this.#parts;
    const collections = openCollections(this.disk.open(process));
    const addresses = new AddressBook(collections.claims);
    const deps = { collections, addresses, clock, log };
    const metrics = new MetricRegistry(log);
    const leads = () => leadership.term !== null;
    const moves = new Histories({ ...collections, clock, log, metrics, leads });
    const turn = <R>(loop: () => Promise<R>) => loop();
    const leadership: Leadership<RootTerm> = soleLeadership(
      reign =>
        new RootTerm(
          {
            ...deps,
            moves,
            meter: { waiting: turn, comparison: turn, sweep: turn, leaks() {} },
            shared: false,
            keepalive: KEEPALIVE,
            outbid() {},
            others: () => [new Rollouts(deps, reign)],
          },
          reign,
        ),
    );
    await addresses.load();
    await leadership.start('');
    const changes = new Changes(deps);
    await changes.recover(true);
    every(clock, RECOVER_EVERY, async () => void (await changes.recover(true).catch(() => {})));
    const api = {
      applications: new Applications(deps, changes),
      services: new Services(deps, changes),
      instances: new Instances(deps),
    };
    if (leadership.term) this.running = { process, term: leadership.term, api, collections };
  }
}
