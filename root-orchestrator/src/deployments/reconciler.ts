import type { Collection, Logger } from '@hedgerow/common';
import { type InstanceRef, type InstanceReport, STATUSES } from '@hedgerow/protos';
import type { Session } from '../clusters/session.ts';
import { about, aboutKnown } from '../logs/story.ts';
import type { Instance, Service } from '../model.ts';
import type { Table } from '../network/table.ts';
import type { Board } from './board.ts';
import { instanceId, type Step, stepForListed, stepForMissing, stepForReported } from './comparison.ts';
import type { InstanceStore } from './instance-store.ts';
import { observe, UNPLACED } from './moves.ts';
import type { Placement } from './placement.ts';
import type { Removal } from './removal.ts';
import { placeMessage } from './spec.ts';

export interface ReconcilerParts {
  services: Collection<Service>;
  instances: InstanceStore;
  board: Board;
  placement: Placement;
  removal: Removal;
  table: Table;
  log: Logger;
}

/** Brings the store and one cluster to agree about one instance. Runs one call at a time for each instance. */
export class Reconciler {
  readonly #parts: ReconcilerParts;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** The cluster's Hello names this instance. */
  async listed(session: Session, report: InstanceReport): Promise<void> {
    const stored = await this.#find(report);
    await this.#act(stepForListed(session.clusterId, report, stored), session, report, stored);
  }

  /** Something of this instance changed at the cluster. */
  async reported(session: Session, report: InstanceReport): Promise<void> {
    const stored = await this.#find(report);
    const step = stepForReported(session.clusterId, report, stored);
    if (step === 'observe' && stored && observe(stored, report, false) === null) return;
    await this.#act(step, session, report, stored, false);
  }

  /** The cluster's Hello does not name this instance, which should be there. */
  async missing(session: Session, id: string): Promise<void> {
    const stored = await this.#parts.instances.read(id);
    if (stored?.cluster_id !== session.clusterId || this.#parts.placement.isAsking(id, session)) return;
    const step = stepForMissing(stored);
    if (step === 'gone') await this.#parts.removal.finish(stored);
    if (step === 'place') await this.#placeAgain(session, stored);
  }

  /** A failed read throws: it never means that there is no such instance. */
  async #find(ref: InstanceRef): Promise<Instance | null> {
    const id = instanceId(ref);
    return this.#parts.board.get(id) ?? (await this.#parts.instances.read(id));
  }

  async #act(
    step: Step,
    session: Session,
    report: InstanceReport,
    stored: Instance | null,
    whole = true,
  ): Promise<void> {
    if (step === 'remove') return this.#remove(session, report);
    if (!stored) return;
    if (step === 'observe') return this.#observe(session, report, whole);
    if (step === 'adopt') return this.#adopt(session, report);
    if (step === 'gone') return this.#gone(session, stored);
    if (step === 'renew') {
      await this.#observe(session, report, whole);
      await this.#renew(session, stored);
    }
  }

  #remove(session: Session, report: InstanceReport): void {
    const { service_id, instance_number } = report;
    const known = aboutKnown(this.#parts.board, instanceId(report));
    const fields = { ...known, cluster: session.name };
    this.#parts.log.warn(fields, 'a cluster has an instance that it should not have');
    session.send({ remove: { service_id, instance_number, request_id: '' } });
  }

  async #observe(session: Session, report: InstanceReport, whole: boolean): Promise<void> {
    await this.#parts.instances.change(instanceId(report), current =>
      current.cluster_id === session.clusterId ? observe(current, report, whole) : null,
    );
  }

  async #adopt(session: Session, report: InstanceReport): Promise<void> {
    await this.#parts.instances.change(instanceId(report), current =>
      current.cluster_id === '' && current.desired === 'run'
        ? { ...observe(current, report, true), cluster_id: session.clusterId }
        : null,
    );
    const service = await this.#parts.services.get(report.service_id);
    if (service) await this.#parts.table.introduce(session, service);
  }

  /** The cluster has it no more. Unless a Place is on its way, which its answer decides. */
  async #gone(session: Session, stored: Instance): Promise<void> {
    const current = await this.#parts.instances.read(stored.id);
    if (current?.cluster_id !== session.clusterId) return;
    if (current.desired === 'gone') return this.#parts.removal.finish(current);
    if (STATUSES[current.status].final || this.#parts.placement.isAsking(current.id, session)) return;
    const freed = await this.#parts.instances.change(current.id, () => ({
      ...UNPLACED,
      status: 'REQUESTED',
      status_detail: `cluster ${session.name} gave it up`,
    }));
    if (freed) await this.#parts.placement.place(freed);
  }

  /** Sends a newer specification to what runs; the reports tell when it took effect. */
  async #renew(session: Session, stored: Instance): Promise<void> {
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
