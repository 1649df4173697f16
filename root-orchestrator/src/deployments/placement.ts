import { type Clock, type Collection, type Logger, SerialByKey } from '@hedgerow/common';
import { isStatus, isWrittenBy, type Place, type PlaceAnswer, STATUSES, type Status } from '@hedgerow/protos';
import type { Clusters } from '../clusters/clusters.ts';
import type { Session } from '../clusters/session.ts';
import { aboutKnown } from '../logs/story.ts';
import type { Instance, Service } from '../model.ts';
import type { Table } from '../network/table.ts';
import type { Candidate } from '../scheduler/candidate.ts';
import { schedule } from '../scheduler/schedule.ts';
import type { Board } from './board.ts';
import type { InstanceStore } from './instance-store.ts';
import { UNPLACED } from './moves.ts';
import { demandOf, placeMessage } from './spec.ts';

/** ms that a cluster has to answer before it is asked again. */
const ANSWER_WITHIN = 5000;
/** Unanswered messages that make up the deadline of CLUSTER_SCHEDULED. */
const TELL_AFTER = (STATUSES.CLUSTER_SCHEDULED.deadline ?? 0) / ANSWER_WITHIN;

interface Refusal {
  status: Status;
  detail: string;
}

/** A Place that waits for its answer. */
interface Ask {
  readonly instanceId: string;
  readonly session: Session;
  readonly place: Place;
  /** Clusters that refused this instance in the same round, this one not among them. */
  readonly refusals: ReadonlyMap<string, Refusal>;
  times: number;
  cancel: () => void;
}

export interface PlacementParts {
  services: Collection<Service>;
  instances: InstanceStore;
  board: Board;
  clusters: Clusters;
  table: Table;
  clock: Clock;
  log: Logger;
}

/**
 * Finds a cluster for an instance. Before a cluster is asked, the instance is tied to it in the store: it may accept
 * and be lost before it can say so, and only its next Hello can tell. So there are never two copies.
 * Everything here runs one call at a time for each instance.
 */
export class Placement {
  readonly #parts: PlacementParts;
  readonly #asks = new Map<string, Ask>();
  readonly #turns = new SerialByKey();
  /** Why an instance is placed nowhere, as was logged last: by instance, then by who said so. */
  readonly #told = new Map<string, Map<string, string>>();
  #attempts = 0;

  constructor(parts: PlacementParts) {
    this.#parts = parts;
  }

  /** Is an answer outstanding (on this stream)? */
  isAsking(instanceId: string, session?: Session): boolean {
    const ask = this.#asks.get(instanceId);
    return ask !== undefined && (session === undefined || ask.session === session);
  }

  /**
   * For an instance on no cluster, or on one that has just refused it: asks the best one that has not. Decisions are
   * made one after the other, so that each sees what the one before it took.
   */
  place(instance: Instance, refusals: ReadonlyMap<string, Refusal> = new Map()): Promise<void> {
    return this.#turns.run('decision', () => this.#decide(instance, refusals));
  }

  /** Ties the instance to a cluster and asks it. @returns false when it is not there, so was not asked */
  async placeOn(
    clusterId: string,
    instance: Instance,
    service: Service,
    refusals: ReadonlyMap<string, Refusal> = new Map(),
  ): Promise<boolean> {
    const session = this.#parts.clusters.session(clusterId);
    if (!session) return false;
    await this.#parts.table.introduce(session, service);
    const tied = await this.#parts.instances.change(instance.id, current =>
      current.desired === 'gone' ? null : tie(clusterId, this.#parts.clusters.nameOf(clusterId)),
    );
    if (!tied || tied.desired === 'gone') return true;
    const attemptId = `${instance.id}#${++this.#attempts}`;
    return this.#ask({
      instanceId: instance.id,
      session,
      place: placeMessage(attemptId, service, tied),
      refusals,
      times: 0,
      cancel: () => {},
    });
  }

  /**
   * For an instance whose cluster has no worker for it any more, when another cluster could take it: asks its own
   * cluster once more. If that refuses it has given the instance up, and the next best is asked.
   */
  async move(instance: Instance): Promise<void> {
    const service = await this.#parts.services.get(instance.service_id);
    if (!service || this.#asks.has(instance.id)) return;
    const elsewhere = this.#candidates(service, new Set([instance.cluster_id]));
    if ('status' in schedule(elsewhere, demandOf(service, instance))) return;
    await this.placeOn(instance.cluster_id, instance, service);
  }

  /** Instances tied to a cluster that is here and was not asked on this stream. */
  unasked(): string[] {
    const { board, clusters } = this.#parts;
    const isHere = (id: string) => clusters.isConnected(board.get(id)?.cluster_id ?? '');
    return [...board.asked].filter(id => !this.#asks.has(id) && isHere(id));
  }

  /** For an instance whose cluster is here and was never asked: the root that tied them together could not do it. */
  async askAgain(instance: Instance): Promise<void> {
    if (this.#asks.has(instance.id)) return;
    const service = await this.#parts.services.get(instance.service_id);
    if (service) await this.placeOn(instance.cluster_id, instance, service);
  }

  /** @returns the instance when it is now known that the cluster has not got it and it is not wanted any more */
  async answered(session: Session, instanceId: string, answer: PlaceAnswer): Promise<Instance | null> {
    const ask = this.#asks.get(instanceId);
    if (!ask || ask.place.attempt_id !== answer.attempt_id || ask.session !== session) return null;
    this.#forget(ask);
    if (answer.accepted) {
      this.#told.delete(instanceId);
      await this.#parts.instances.change(instanceId, current => accepted(current, session.clusterId, answer));
      return null;
    }
    this.#reserve(ask, -1);
    const instance = await this.#parts.instances.read(instanceId);
    if (!instance || instance.cluster_id !== session.clusterId) return null;
    if (instance.desired === 'gone') return instance;
    if (instance.status !== 'CLUSTER_SCHEDULED') return null;
    const refusal = refusalOf(session.name, answer);
    this.#tellOnce(instanceId, session.clusterId, refusal);
    await this.place(instance, new Map([...ask.refusals, [session.clusterId, refusal]]));
    return null;
  }

  /** @returns the instances of which it is not known whether this cluster took them */
  lost(session: Session): string[] {
    const asks = [...this.#asks.values()].filter(ask => ask.session === session);
    for (const ask of asks) this.#forget(ask);
    return asks.map(ask => ask.instanceId);
  }

  /** The instance is not wanted any more, or is not there. */
  dismiss(instanceId: string): void {
    this.#told.delete(instanceId);
  }

  stop(): void {
    for (const ask of this.#asks.values()) ask.cancel();
    this.#asks.clear();
  }

  async #decide(instance: Instance, refusals: ReadonlyMap<string, Refusal>): Promise<void> {
    const service = await this.#parts.services.get(instance.service_id);
    if (!service || instance.desired === 'gone') return;
    const decision = schedule(this.#candidates(service, refusals), demandOf(service, instance));
    if ('clusters' in decision) {
      for (const candidate of decision.clusters) {
        if (await this.placeOn(candidate.id, instance, service, refusals)) return;
      }
    }
    const detail = 'status' in decision ? decision.detail : 'the clusters that fitted were lost meanwhile';
    const status = 'status' in decision ? decision.status : 'NoActiveClusterWithCapacity';
    const refusal = [...refusals.values()].at(-1);
    if (!refusal) this.#tellOnce(instance.id, '', { status, detail });
    await this.#settle(instance, refusal ?? { status, detail });
  }

  #candidates(service: Service, without: { has(clusterId: string): boolean }): Candidate[] {
    const { board, clusters } = this.#parts;
    return [...clusters.all()]
      .filter(view => !without.has(view.id))
      .map(({ id, name, document, pending }) => {
        const { ofService, all } = board.countOn(id, service.id);
        const connected = clusters.isConnected(id);
        return {
          id,
          name,
          connected,
          aggregate: document.aggregate,
          pending,
          sameService: ofService,
          instances: all,
        };
      });
  }

  #ask(ask: Ask): boolean {
    if (!ask.session.send({ place: ask.place })) return false;
    const before = this.#asks.get(ask.instanceId);
    if (before) this.#forget(before);
    this.#asks.set(ask.instanceId, ask);
    this.#reserve(ask, 1);
    this.#await(ask);
    return true;
  }

  #await(ask: Ask): void {
    ask.times += 1;
    ask.cancel = this.#parts.clock.after(ANSWER_WITHIN, () => {
      if (this.#asks.get(ask.instanceId) !== ask || !ask.session.send({ place: ask.place })) return;
      const silent = `cluster ${ask.session.name} has not answered for ${(ask.times * ANSWER_WITHIN) / 1000} s`;
      this.#parts.log.warn(aboutKnown(this.#parts.board, ask.instanceId), `${silent}; asked again`);
      if (ask.times === TELL_AFTER)
        this.#tell(ask, `${silent}; it is asked again every ${ANSWER_WITHIN / 1000} s`);
      this.#await(ask);
    });
  }

  /** It stays tied: a silent cluster may have accepted. But people are told. */
  #tell(ask: Ask, status_detail: string): void {
    this.#parts.instances
      .change(ask.instanceId, current =>
        current.status === 'CLUSTER_SCHEDULED' && current.cluster_id === ask.session.clusterId
          ? { status_detail }
          : null,
      )
      .catch((error: unknown) => {
        const fields = { ...aboutKnown(this.#parts.board, ask.instanceId), err: error };
        this.#parts.log.error(fields, 'a status was not stored');
      });
  }

  #forget(ask: Ask): void {
    ask.cancel();
    this.#asks.delete(ask.instanceId);
  }

  #reserve(ask: Ask, sign: 1 | -1): void {
    const { vcpus, memory } = ask.place.service;
    this.#parts.clusters.reserve(ask.session.clusterId, sign * vcpus, sign * memory);
  }

  /** An instance that waits is tried every few seconds: its story has one line for each reason, not for each try. */
  #tellOnce(instanceId: string, by: string, { status, detail }: Refusal): void {
    const told = this.#told.get(instanceId) ?? new Map<string, string>();
    const reason = `${status} ${detail.replaceAll(/\d+/g, 'n')}`;
    if (told.get(by) === reason) return;
    this.#told.set(instanceId, told.set(by, reason));
    this.#parts.log.info(
      { ...aboutKnown(this.#parts.board, instanceId), status, detail },
      'no cluster takes the instance yet',
    );
  }

  async #settle(instance: Instance, { status, detail }: Refusal): Promise<void> {
    await this.#parts.instances.change(instance.id, current => {
      if (current.desired === 'gone') return null;
      const same = current.status === status && current.status_detail === detail;
      if (same && current.cluster_id === '') return null;
      return { ...UNPLACED, status, status_detail: detail };
    });
  }
}

function tie(clusterId: string, clusterName: string) {
  return {
    ...UNPLACED,
    cluster_id: clusterId,
    status: 'CLUSTER_SCHEDULED',
    status_detail: `cluster ${clusterName} was asked`,
  } as const;
}

/** Reports may have come first: then they said more than this. */
function accepted(instance: Instance, clusterId: string, answer: PlaceAnswer) {
  if (instance.cluster_id !== clusterId || instance.status !== 'CLUSTER_SCHEDULED') return null;
  const status_detail = `worker ${answer.worker_id} was chosen`;
  return { status: 'NODE_SCHEDULED', status_detail, worker_id: answer.worker_id } as const;
}

function refusalOf(clusterName: string, answer: PlaceAnswer): Refusal {
  const known = isStatus(answer.status) && isWrittenBy('cluster', answer.status) ? answer.status : null;
  const detail = answer.status_detail || 'it gave no reason';
  return {
    status: known && known !== 'NODE_SCHEDULED' ? known : 'NO_WORKER_CAPACITY',
    detail: `cluster ${clusterName}: ${detail}`,
  };
}
