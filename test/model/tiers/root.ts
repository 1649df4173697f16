/** The root: one process at a time over a disk that stays. */
import { type Archived, every } from '@hedgerow/common';
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
import type { Process } from '../time/process.ts';
import { Host, type HostParts } from './host.ts';

export const ada: Caller = { id: 'a', name: 'ada', roles: ['Admin'], organization: 'o' };

/** ms between two looks for changes that were cut short */
const RECOVER_EVERY = 10_000;
/** ms that gRPC's pings take to find a dead stream */
const KEEPALIVE = 4000;

interface Running {
  process: Process;
  term: RootTerm;
  api: { applications: Applications; services: Services; instances: Instances };
  collections: Collections;
}

export class RootHost extends Host {
  readonly #parts: HostParts;
  running: Running | null = null;
  wasRestored = false;
  /** a process of it began on a full disk */
  beganFull = false;

  constructor(parts: HostParts) {
    super('root', parts);
    this.#parts = parts;
  }

  /** As seen from outside, whether or not a process runs. */
  get stored(): Collections {
    return openCollections(this.disk.raw);
  }

  protected forget(): void {
    this.running = null;
  }

  /** What `hedge restore` does: no generation is given away again that was since then. */
  async restore(documents: readonly Archived[]): Promise<void> {
    this.wasRestored = true;
    const generation_floor = Math.floor(this.#parts.timeline.now / 1000);
    await this.disk.restore(
      documents.map(it =>
        it.collection === 'services' ? { ...it, document: { ...it.document, generation_floor } } : it,
      ),
    );
  }

  accept(call: Call): void {
    const { running } = this;
    if (!running) return;
    const { clock } = running.process;
    running.term.accept(new Session({ call, clock, counts: { sent() {}, received() {} }, cut: () => {} }));
  }

  protected async boot(process: Process): Promise<void> {
    const { clock } = process;
    const { log } = this.#parts;
    this.beganFull ||= this.disk.isFull;
    const collections = openCollections(this.open(process));
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
