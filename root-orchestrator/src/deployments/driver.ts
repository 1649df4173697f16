import { type Clock, every, type Logger, SerialByKey } from '@hedgerow/common';
import type { MeteredLoop } from '@hedgerow/common/metrics';
import type { InstanceReport, PlaceAnswer } from '@hedgerow/protos';
import type { Session } from '../clusters/session.ts';
import { aboutKnown, type Story } from '../logs/story.ts';
import type { Instance } from '../model.ts';
import type { Subnets } from '../network/subnets.ts';
import type { Absences } from './absences.ts';
import type { Asks } from './asks.ts';
import { type Board, isStranded, isUnanswered } from './board.ts';
import { instanceId, mayHaveCopy } from './comparison.ts';
import type { InstanceStore } from './instance-store.ts';
import type { Placement } from './placement.ts';
import type { Reconciler } from './reconciler.ts';
import type { Removal } from './removal.ts';

/** ms: the deadline of REQUESTED and of the negative scheduling results. */
const RETRY_EVERY = 10_000;
/** Instances of one cluster that are compared before others have their turn. */
const AT_ONCE = 200;

export interface DriverParts {
  instances: InstanceStore;
  board: Board;
  placement: Placement;
  asks: Asks;
  absences: Absences;
  removal: Removal;
  reconciler: Reconciler;
  subnets: Pick<Subnets, 'isFreeFor'>;
  story: Pick<Story, 'changed'>;
  clock: Clock;
  log: Logger;
  loops: { readonly waiting: MeteredLoop; readonly comparison: MeteredLoop };
}

/**
 * Drives every instance from REQUESTED to a cluster and from `gone` to its end, as soon as the store says so: whoever
 * wants an instance stores it, here or in another root. Work on one instance runs one task at a time. What fails is
 * taken up again: by the sweep, or by the next Hello of a cluster whose stream it ended.
 */
export class Driver {
  readonly #parts: DriverParts;
  readonly #serial = new SerialByKey();
  #sweep: 'idle' | 'running' | 'again' = 'idle';
  /** instances of lost clusters that are about to be looked at */
  readonly #queued = new Set<string>();
  #stopped = false;
  #cancel = (): void => {};

  constructor(parts: DriverParts) {
    this.#parts = parts;
  }

  /** Instances on a cluster wait for its Hello; those on none are scheduled when a cluster is there. */
  async start(): Promise<void> {
    await this.#parts.instances.start((before, after) => {
      this.#parts.story.changed(before, after);
      this.#stored(before, after);
    });
    for (const id of this.#parts.board.leaving) this.#background(id, () => this.#drive(id));
    this.#parts.absences.start(id => this.#driveOnce(id));
    if (!this.#stopped) this.#cancel = every(this.#parts.clock, RETRY_EVERY, () => this.#takeUp());
  }

  /** No work begins after this returns; the promise settles when none is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    this.#parts.instances.stop();
    this.#parts.asks.stop();
    this.#parts.absences.stop();
    await this.#serial.idle();
  }

  /** Something that did not fit may fit now: tries all that wait. */
  roomier(): void {
    if (this.#sweep !== 'idle') {
      this.#sweep = 'again';
      return;
    }
    this.#sweep = 'running';
    void this.#parts.loops.waiting(() => this.#tryWaiting());
  }

  /** A cluster is here (again): what was known of its instances is true until it says otherwise. */
  async found({ clusterId }: Session): Promise<void> {
    const { absences, board } = this.#parts;
    absences.end(clusterId);
    const told = board.ofCluster(clusterId).filter(({ last_detail }) => last_detail !== undefined);
    await this.#each(told, ({ id }) => [id, () => absences.restore(id, clusterId)]);
  }

  /** Compares what a cluster has with the store and settles the differences. */
  compare(session: Session, listed: readonly InstanceReport[]): Promise<void> {
    return this.#parts.loops.comparison(async () => {
      const { reconciler } = this.#parts;
      const named = new Set(listed.map(instanceId));
      const missing = this.#concerned(session).filter(({ id }) => !named.has(id));
      await this.#each(listed, report => [instanceId(report), () => reconciler.listed(session, report)]);
      await this.#each(missing, ({ id }) => [id, () => reconciler.missing(session, id)]);
    });
  }

  /** The cluster has what it should have: only what it was not told yet is told. */
  agree(session: Session): Promise<void> {
    return this.#parts.loops.comparison(async () => {
      const { reconciler } = this.#parts;
      const untold = this.#concerned(session).filter(
        instance =>
          instance.cluster_id !== session.clusterId || instance.desired === 'gone' || isUnanswered(instance),
      );
      await this.#each(untold, ({ id }) => [id, () => reconciler.agreed(session, id)]);
    });
  }

  async reports(session: Session, reports: readonly InstanceReport[]): Promise<void> {
    const { reconciler } = this.#parts;
    await this.#each(reports, report => [instanceId(report), () => reconciler.reported(session, report)]);
  }

  /** Instances that the cluster should have, and those that it may have. */
  #concerned({ clusterId }: Session): Instance[] {
    const { board } = this.#parts;
    const copies = [...board.all()].filter(instance => mayHaveCopy(instance, clusterId));
    return [...board.ofCluster(clusterId), ...copies];
  }

  /** However many there are, nobody else waits for all of them. */
  async #each<T>(
    all: readonly T[],
    work: (one: T) => readonly [id: string, task: () => Promise<void>],
  ): Promise<void> {
    for (let at = 0; at < all.length; at += AT_ONCE) {
      if (at > 0) await new Promise(setImmediate);
      await Promise.all(all.slice(at, at + AT_ONCE).map(one => this.#run(...work(one))));
    }
  }

  /** A subnet has another owner by now: nobody is led to instances of clusters whose it is not. */
  async withdrawAddresses(subnet: string): Promise<void> {
    const { board, subnets } = this.#parts;
    const stale = [...board.all()].filter(
      ({ worker_subnet, cluster_id }) => worker_subnet === subnet && !subnets.isFreeFor(cluster_id, subnet),
    );
    await this.#each(stale, ({ id }) => [id, () => this.#withdrawAddress(id, subnet)]);
  }

  async #withdrawAddress(id: string, subnet: string): Promise<void> {
    await this.#parts.instances.change(id, ({ worker_subnet }) =>
      worker_subnet === subnet ? { worker_subnet: '', namespace_ip: '' } : null,
    );
  }

  async answer(session: Session, answer: PlaceAnswer): Promise<void> {
    const id = answer.attempt_id.split('#')[0] ?? '';
    await this.#run(id, async () => {
      const refused = await this.#parts.placement.answered(session, id, answer);
      if (refused) await this.#parts.removal.finish(refused);
    });
  }

  /** A stream ended. What was asked on it stays tied to its cluster, which is waited for. */
  lost(session: Session): void {
    this.#parts.asks.lost(session);
    if (!this.#stopped) this.#parts.absences.begin(session.clusterId);
  }

  /** What this part itself changes of an instance never makes it wanted or unwanted. */
  #stored(before: Instance | undefined, { id, desired, cluster_id }: Instance): void {
    const appeared = before === undefined && cluster_id === '';
    const left = desired === 'gone' && before?.desired !== 'gone';
    if (appeared || left) this.#background(id, () => this.#drive(id));
  }

  #takeUp(): void {
    const { leaving } = this.#parts.board;
    for (const id of [...leaving, ...this.#parts.placement.unasked()])
      this.#background(id, () => this.#drive(id));
    this.#background('released', () => this.#parts.removal.releaseAgain());
    this.roomier();
  }

  /** However often it is asked for before its turn. */
  #driveOnce(id: string): void {
    if (this.#queued.has(id)) return;
    this.#queued.add(id);
    this.#background(id, () => {
      this.#queued.delete(id);
      return this.#drive(id);
    });
  }

  async #drive(id: string): Promise<void> {
    const { instances, placement, removal, absences } = this.#parts;
    const instance = await instances.read(id);
    if (instance?.desired !== 'run') placement.dismiss(id);
    if (!instance) return;
    if (instance.desired === 'gone') await removal.begin(instance);
    else if (instance.cluster_id === '') await placement.place(instance);
    else if (absences.has(instance.cluster_id)) await absences.settle(instance);
    else if (isStranded(instance)) await placement.move(instance);
    else if (isUnanswered(instance)) await placement.askAgain(instance);
  }

  async #tryWaiting(): Promise<void> {
    this.#parts.absences.lookAgain();
    const { waiting, stranded } = this.#parts.board;
    for (const id of [...waiting, ...stranded]) {
      await this.#run(id, () => this.#drive(id)).catch((error: unknown) => this.#failed(id, error));
    }
    const again = this.#sweep === 'again';
    this.#sweep = 'idle';
    if (again) this.roomier();
  }

  #background(id: string, task: () => Promise<void>): void {
    this.#run(id, task).catch((error: unknown) => this.#failed(id, error));
  }

  #run(id: string, task: () => Promise<void>): Promise<void> {
    return this.#stopped ? Promise.resolve() : this.#serial.run(id, task);
  }

  #failed(id: string, error: unknown): void {
    this.#parts.log.error(
      { err: error, ...aboutKnown(this.#parts.board, id) },
      'work on an instance failed and is tried again',
    );
  }
}
