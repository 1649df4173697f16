import type { Clock, Collection, Logger } from '@hedgerow/common';
import { type InstanceRef, type InstanceReport, STATUSES } from '@hedgerow/protos';
import type { Clusters } from '../clusters/clusters.ts';
import type { Session } from '../clusters/session.ts';
import { about, aboutKnown } from '../logs/story.ts';
import type { Instance, Service } from '../model.ts';
import type { Table } from '../network/table.ts';
import type { Absences } from './absences.ts';
import type { Asks } from './asks.ts';
import type { Board } from './board.ts';
import { reportedMoves } from './chronicle.ts';
import {
  hasOtherAddress,
  instanceId,
  mayHaveCopy,
  type Step,
  stepForListed,
  stepForMissing,
  stepForReported,
} from './comparison.ts';
import type { InstanceStore } from './instance-store.ts';
import { leftBehind, observe, takeOver, UNPLACED } from './moves.ts';
import type { Placement } from './placement.ts';
import type { Removal } from './removal.ts';
import { placeMessage } from './spec.ts';

export interface ReconcilerParts {
  services: Collection<Service>;
  instances: InstanceStore;
  board: Board;
  clusters: Clusters;
  placement: Placement;
  asks: Asks;
  absences: Absences;
  removal: Removal;
  table: Table;
  clock: Clock;
  log: Logger;
}

/** Strays of one stream that get a line in the log; a cluster may bring ever so many. */
const LOGGED_STRAYS = 20;

/** What a cluster says of one instance, and what is known of it. */
interface Case {
  session: Session;
  report: InstanceReport;
  stored: Instance | null;
  /** as in `observe` */
  whole: boolean;
}

/** Brings the store and one cluster to agree about one instance. Runs one call at a time for each instance. */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #strays = new WeakMap<Session, number>();
  /** copies that a cluster has said on this stream to have no more: what it says of them yet is of their end */
  readonly #copies = new WeakMap<Session, Set<string>>();

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** The cluster's Hello names this instance. */
  async listed(session: Session, report: InstanceReport): Promise<void> {
    const stored = await this.#find(report);
    const ownerIsLost = stored !== null && (await this.#parts.absences.isOver(stored));
    const step = stepForListed(session.clusterId, report, stored, ownerIsLost);
    await this.#act(step, { session, report, stored, whole: true });
  }

  /** Something of this instance changed at the cluster. */
  async reported(session: Session, report: InstanceReport): Promise<void> {
    const stored = await this.#find(report);
    const step = stepForReported(session.clusterId, report, stored);
    await this.#act(step, { session, report, stored, whole: false });
  }

  /** The cluster's Hello does not name this instance, which should be there. */
  async missing(session: Session, id: string): Promise<void> {
    const stored = await this.#parts.instances.read(id);
    if (!stored || this.#parts.asks.has(id, session)) return;
    if (stored.cluster_id !== session.clusterId) return this.#forget(session, stored);
    const step = stepForMissing(stored);
    if (step === 'gone') await this.#parts.removal.finish(stored);
    if (step === 'place') await this.#placeAgain(session, stored);
    if (step === 'nothing') await this.#unlist(session, stored);
  }

  /** Else its digest would be another one at each return, and everything listed again. */
  async #unlist({ clusterId }: Session, { id, unlisted }: Instance): Promise<void> {
    if (unlisted) return;
    await this.#parts.instances.change(id, current =>
      current.cluster_id === clusterId && STATUSES[current.status].final ? { unlisted: true } : null,
    );
  }

  /** The cluster has exactly what it should have, as far as its digest tells. */
  async agreed(session: Session, id: string): Promise<void> {
    const stored = await this.#parts.instances.read(id);
    if (stored && stored.cluster_id !== session.clusterId) await this.#forget(session, stored);
    else if (stored?.desired === 'gone') await this.#parts.removal.begin(stored);
    else if (stored?.status === 'CLUSTER_SCHEDULED') await this.#parts.placement.askAgain(stored);
  }

  /** A failed read throws: it never means that there is no such instance. */
  async #find(ref: InstanceRef): Promise<Instance | null> {
    const id = instanceId(ref);
    return this.#parts.board.get(id) ?? (await this.#parts.instances.read(id));
  }

  async #act(step: Step, { session, report, stored, whole }: Case): Promise<void> {
    if (stored && stored.cluster_id !== session.clusterId) this.#hearOfCopy(session, report, stored);
    if (step === 'remove') return this.#remove(session, report);
    if (step === 'forget') {
      if (report.withdrawn) this.#sendRemove(session, report);
      return stored ? this.#forget(session, stored) : undefined;
    }
    if (!stored) return;
    if (step === 'observe') return this.#observe(session, report, stored, whole);
    if (step === 'adopt') return this.#adopt(session, report, stored);
    if (step === 'gone') return this.#gone(session, report, stored);
    if (step === 'withdraw') return this.#withdraw(session, report, stored);
    if (step === 'renew') return this.#renew(session, stored);
  }

  #remove(session: Session, report: InstanceReport): void {
    const strays = (this.#strays.get(session) ?? 0) + 1;
    this.#strays.set(session, strays);
    if (strays <= LOGGED_STRAYS) {
      const known = aboutKnown(this.#parts.board, instanceId(report));
      const last = strays === LOGGED_STRAYS ? '; more of them are not logged' : '';
      const message = `a cluster has an instance that it should not have${last}`;
      this.#parts.log.warn({ ...known, cluster: session.name }, message);
    }
    this.#sendRemove(session, report);
  }

  #sendRemove(session: Session, { service_id, instance_number }: InstanceRef): void {
    session.send({ remove: { service_id, instance_number, request_id: '' } });
  }

  async #observe(session: Session, report: InstanceReport, stored: Instance, whole: boolean): Promise<void> {
    this.#hear(session, report, stored);
    if (hasOtherAddress(report, stored)) await this.#renew(session, stored);
    if (!whole && observe(stored, report, false) === null) return;
    await this.#parts.instances.change(
      stored.id,
      current => (current.cluster_id === session.clusterId ? observe(current, report, whole) : null),
      'heard',
    );
  }

  #hear(session: Session, report: InstanceReport, stored: Instance, kept?: 'kept'): void {
    if (report.generation < stored.generation || report.epoch < stored.epoch) return;
    const moves = reportedMoves(stored, session.clusterId, report, this.#parts.clock.now());
    this.#parts.instances.heard(stored, moves, kept);
  }

  /** What became of the copy of a cluster that was lost, and for which another one has the instance by now. */
  #hearOfCopy(session: Session, { moves = [] }: InstanceReport, stored: Instance): void {
    const { clusterId: cluster_id } = session;
    if (!mayHaveCopy(stored, cluster_id) && !this.#copies.get(session)?.has(stored.id)) return;
    this.#parts.instances.heard(
      stored,
      moves.map(move => ({ ...move, cluster_id })),
    );
  }

  /** Whoever else was asked for it, or had it and is lost, is told to remove it. */
  async #adopt(session: Session, report: InstanceReport, stored: Instance): Promise<void> {
    const { clusterId } = session;
    const adopted = await this.#parts.instances.change(
      stored.id,
      current =>
        current.cluster_id === stored.cluster_id && current.desired === 'run'
          ? takeOver(current, clusterId, report)
          : null,
      'heard',
    );
    if (adopted?.cluster_id !== clusterId) return this.#remove(session, report);
    this.#hear(session, report, stored);
    this.#parts.asks.end(adopted.id);
    const other = this.#parts.clusters.session(stored.cluster_id);
    if (other) this.#sendRemove(other, report);
    const service = await this.#parts.services.get(report.service_id);
    if (service) await this.#parts.table.introduce(session, service);
    if (hasOtherAddress(report, adopted)) await this.#renew(session, adopted);
  }

  /** It has no copy of what is not its own any more. */
  async #forget(session: Session, stored: Instance): Promise<void> {
    const { clusterId } = session;
    if (!mayHaveCopy(stored, clusterId)) return;
    const copies = this.#copies.get(session) ?? new Set();
    this.#copies.set(session, copies.add(stored.id));
    await this.#parts.instances.change(stored.id, ({ left = [] }) => ({ left: leftBehind(left, clusterId) }));
  }

  /** The cluster has it no more. Unless a Place is on its way, which its answer decides. */
  async #gone(session: Session, report: InstanceReport, stored: Instance): Promise<void> {
    const current = await this.#parts.instances.read(stored.id);
    if (current?.cluster_id !== session.clusterId) return;
    if (report.withdrawn) this.#sendRemove(session, report);
    if (current.desired === 'gone') return this.#parts.removal.finish(current);
    if (STATUSES[current.status].final || this.#parts.asks.has(current.id, session)) return;
    const freed = await this.#parts.instances.change(current.id, () => ({
      ...UNPLACED,
      status: 'REQUESTED',
      status_detail: `cluster ${session.name} gave it up`,
    }));
    if (freed) await this.#parts.placement.place(freed);
  }

  /** An operator has removed it at the cluster: nobody wants it any more. Remove has the cluster forget that, too. */
  async #withdraw(session: Session, report: InstanceReport, stored: Instance): Promise<void> {
    this.#parts.asks.end(stored.id);
    const status_detail = `withdrawn at cluster ${session.name}`;
    this.#hear(session, { ...report, status_detail }, stored, 'kept');
    const withdrawn = await this.#parts.instances.change(
      stored.id,
      current =>
        current.cluster_id === stored.cluster_id
          ? { desired: 'gone', request_id: '', status: 'UNDEPLOYED', status_detail, last_detail: undefined }
          : null,
      'heard',
    );
    this.#sendRemove(session, report);
    if (withdrawn?.desired === 'gone') await this.#parts.removal.finish(withdrawn);
  }

  /** Sends the specification and the epoch that the cluster has missed; the reports tell when it took effect. */
  async #renew(session: Session, stored: Instance): Promise<void> {
    if (stored.status === 'CLUSTER_SCHEDULED') return this.#parts.placement.askAgain(stored);
    const service = await this.#parts.services.get(stored.service_id);
    if (service) session.send({ place: placeMessage(`${stored.id}#renew`, service, stored) });
  }

  async #placeAgain(session: Session, stored: Instance): Promise<void> {
    const service = await this.#parts.services.get(stored.service_id);
    if (!service) return;
    this.#parts.log.warn(
      { ...about(stored), cluster: session.name },
      'a cluster lost an instance; placed again',
    );
    await this.#parts.placement.placeOn(session.clusterId, stored, service);
  }
}
