import { type Clock, type Collection, type Logger, SerialByKey } from '@hedgerow/common';
import { isPlaced, isStatus, isWrittenBy, type PlaceAnswer, type StatusOf } from '@hedgerow/protos';
import type { Clusters } from '../clusters/clusters.ts';
import type { Session } from '../clusters/session.ts';
import { about, aboutKnown } from '../logs/story.ts';
import type { Instance, Service } from '../model.ts';
import type { Table } from '../network/table.ts';
import type { Candidate } from '../scheduler/candidate.ts';
import { schedule } from '../scheduler/schedule.ts';
import type { Asks, Refusal, Refusals } from './asks.ts';
import type { Board } from './board.ts';
import { answeredMoves } from './chronicle.ts';
import type { Change, InstanceStore } from './instance-store.ts';
import { type Absence, isHeld, outOfReach, wordsOf } from './loss.ts';
import { leftBehind, UNPLACED } from './moves.ts';
import { demandOf, placeMessage } from './spec.ts';

export interface PlacementParts {
  services: Collection<Service>;
  instances: InstanceStore;
  board: Board;
  clusters: Clusters;
  table: Table;
  asks: Asks;
  clock: Clock;
  log: Logger;
}

/** How an instance comes to a cluster. */
interface Reason {
  refusals?: Refusals;
  /** of the cluster that has had it */
  absence?: Absence;
}

/**
 * Finds a cluster for an instance. Before a cluster is asked, the instance is tied to it in the store: it may accept
 * and be lost before it can say so, and only its next Hello can tell. So there are never two copies.
 * Everything here runs one call at a time for each instance.
 */
export class Placement {
  readonly #parts: PlacementParts;
  readonly #turns = new SerialByKey();
  /** Why an instance is placed nowhere, as was logged last: by instance, then by who said so. */
  readonly #told = new Map<string, Map<string, string>>();
  #attempts = 0;

  constructor(parts: PlacementParts) {
    this.#parts = parts;
  }

  /**
   * For an instance on no cluster, or on one that has just refused it: asks the best one that has not. Decisions are
   * made one after the other, so that each sees what the one before it took.
   */
  place(instance: Instance, refusals: Refusals = new Map()): Promise<void> {
    return this.#turns.run('decision', () => this.#decide(instance, refusals));
  }

  /**
   * For an instance whose cluster has been out of reach for too long: asks the best one of the others.
   * @returns why there is none; null when one was asked, or nothing is to be done
   */
  replace(instance: Instance, absence: Absence): Promise<string | null> {
    return this.#turns.run('decision', async () => {
      const service = await this.#parts.services.get(instance.service_id);
      if (!service) return null;
      const others = this.#candidates(service, new Set([instance.cluster_id]));
      const decision = schedule(others, demandOf(service, instance));
      if ('status' in decision) return decision.detail;
      for (const { id } of decision.clusters)
        if (await this.placeOn(id, instance, service, { absence })) return null;
      return 'those that fitted were lost meanwhile';
    });
  }

  /** Ties the instance to a cluster and asks it. @returns false when it is not there, so was not asked */
  async placeOn(
    clusterId: string,
    instance: Instance,
    service: Service,
    { refusals = new Map(), absence }: Reason = {},
  ): Promise<boolean> {
    const { clusters, instances, table } = this.#parts;
    const session = clusters.session(clusterId);
    if (!session) return false;
    await table.introduce(session, service);
    const tied = await instances.change(instance.id, current => {
      if (current.desired === 'gone') return null;
      if (!absence) return tie(current, clusterId, clusters.nameOf(clusterId));
      return current.cluster_id === instance.cluster_id && isHeld(current)
        ? retie(current, clusterId, clusters.nameOf(clusterId), absence)
        : null;
    });
    if (tied?.desired !== 'run' || tied.cluster_id !== clusterId) return true;
    if (absence) this.#parts.log.warn({ ...about(tied), cluster: session.name }, tied.status_detail);
    const place = placeMessage(`${instance.id}#${++this.#attempts}`, service, tied);
    return this.#parts.asks.begin({ instanceId: instance.id, session, place, refusals });
  }

  /**
   * For an instance whose cluster has no worker for it any more, when another cluster could take it: asks its own
   * cluster once more. If that refuses it has given the instance up, and the next best is asked.
   */
  async move(instance: Instance): Promise<void> {
    const service = await this.#parts.services.get(instance.service_id);
    if (!service || this.#parts.asks.has(instance.id)) return;
    const elsewhere = this.#candidates(service, new Set([instance.cluster_id]));
    if ('status' in schedule(elsewhere, demandOf(service, instance))) return;
    await this.placeOn(instance.cluster_id, instance, service);
  }

  /** Instances tied to a cluster that is here and was not asked on this stream. */
  unasked(): string[] {
    const { board, clusters, asks } = this.#parts;
    const isHere = (id: string) => clusters.isConnected(board.get(id)?.cluster_id ?? '');
    return [...board.asked].filter(id => !asks.has(id) && isHere(id));
  }

  /** For an instance whose cluster is here and was never asked: the root that tied them together could not do it. */
  async askAgain(instance: Instance): Promise<void> {
    if (this.#parts.asks.has(instance.id)) return;
    const service = await this.#parts.services.get(instance.service_id);
    if (service) await this.placeOn(instance.cluster_id, instance, service);
  }

  /** @returns the instance when it is now known that the cluster has not got it and it is not wanted any more */
  async answered(session: Session, instanceId: string, answer: PlaceAnswer): Promise<Instance | null> {
    const wish = this.#parts.asks.take(session, instanceId, answer.attempt_id);
    if (!wish) return null;
    if (answer.accepted) {
      this.#told.delete(instanceId);
      await this.#accept(session.clusterId, instanceId, answer);
      return null;
    }
    this.#parts.asks.reserve(wish, -1);
    const instance = await this.#parts.instances.read(instanceId);
    if (!instance || instance.cluster_id !== session.clusterId) return null;
    if (instance.desired === 'gone') return instance;
    if (!mayBeRefused(instance)) return null;
    const refusal = refusalOf(session.name, answer);
    this.#tellOnce(instanceId, session.clusterId, refusal);
    await this.place(instance, new Map([...wish.refusals, [session.clusterId, refusal]]));
    return null;
  }

  async #accept(clusterId: string, instanceId: string, answer: PlaceAnswer): Promise<void> {
    const { instances, clock } = this.#parts;
    let news = false;
    const change = (current: Instance): Change | null => {
      const changes = accepted(current, clusterId, answer);
      news = changes !== null;
      return changes;
    };
    const instance = await instances.change(instanceId, change, 'heard');
    if (news && instance) instances.heard(instance, answeredMoves(instance, clock.now()));
  }

  /** The instance is not wanted any more, or is not there. */
  dismiss(instanceId: string): void {
    this.#told.delete(instanceId);
  }

  async #decide(instance: Instance, refusals: Refusals): Promise<void> {
    const service = await this.#parts.services.get(instance.service_id);
    if (!service || instance.desired === 'gone') return;
    const decision = schedule(this.#candidates(service, refusals), demandOf(service, instance));
    if ('clusters' in decision) {
      for (const candidate of decision.clusters) {
        if (await this.placeOn(candidate.id, instance, service, { refusals })) return;
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

  /** An instance that waits is tried every few seconds: its story has one line for each reason, not for each try. */
  #tellOnce(instanceId: string, by: string, { status, detail }: Refusal): void {
    const told = this.#told.get(instanceId) ?? new Map<string, string>();
    const reason = `${status} ${wordsOf(detail)}`;
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

const ASKED: StatusOf<'root'> = 'CLUSTER_SCHEDULED';

/** A cluster that may still have a copy is told to remove it, unless it is the one that gets it now. */
function tie({ left }: Instance, clusterId: string, clusterName: string): Change {
  const status_detail = `cluster ${clusterName} was asked`;
  const tied = { cluster_id: clusterId, left: leftBehind(left ?? [], clusterId) };
  return { ...UNPLACED, ...tied, status: ASKED, status_detail };
}

function retie(current: Instance, clusterId: string, clusterName: string, absence: Absence): Change {
  const { status_detail: asked, ...tied } = tie(current, clusterId, clusterName);
  const left = leftBehind([...(current.left ?? []), current.cluster_id], clusterId);
  return { ...tied, left, status_detail: `${outOfReach(absence)}; ${asked}` };
}

/** Reports may have come first: then they said more than this. */
function accepted(instance: Instance, clusterId: string, answer: PlaceAnswer): Change | null {
  if (instance.cluster_id !== clusterId || instance.status !== ASKED) return null;
  const said = isStatus(answer.status) && isPlaced(answer.status) ? answer.status : ACCEPTED;
  const status_detail = answer.status_detail || `worker ${answer.worker_id} was chosen`;
  return { status: said, status_detail, worker_id: answer.worker_id };
}

/** What a cluster that accepts has done, when it does not say what. */
const ACCEPTED: StatusOf<'cluster'> = 'NODE_SCHEDULED';

/** A cluster whose disk is full may have told of a placement that it then could not store. */
function mayBeRefused({ status }: Instance): boolean {
  return status === 'CLUSTER_SCHEDULED' || status === 'NODE_SCHEDULED';
}

function refusalOf(clusterName: string, answer: PlaceAnswer): Refusal {
  const known = isStatus(answer.status) && isWrittenBy('cluster', answer.status) ? answer.status : null;
  const detail = answer.status_detail || 'it gave no reason';
  return {
    status: known && known !== ACCEPTED && known !== 'UNDEPLOYED' ? known : 'NO_WORKER_CAPACITY',
    detail: `cluster ${clusterName}: ${detail}`,
  };
}
