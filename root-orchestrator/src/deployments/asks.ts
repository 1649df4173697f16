/** The Place messages that wait for their answer; a silent cluster is asked again and again. */
import type { Clock, Logger } from '@hedgerow/common';
import { type Place, STATUSES, type Status } from '@hedgerow/protos';
import type { Clusters } from '../clusters/clusters.ts';
import type { Session } from '../clusters/session.ts';
import { aboutKnown } from '../logs/story.ts';
import type { Board } from './board.ts';
import type { InstanceStore } from './instance-store.ts';

/** ms that a cluster has to answer before it is asked again. */
const ANSWER_WITHIN = 5000;
/** Unanswered messages that make up the deadline of CLUSTER_SCHEDULED. */
const TELL_AFTER = (STATUSES.CLUSTER_SCHEDULED.deadline ?? 0) / ANSWER_WITHIN;

export interface Refusal {
  status: Status;
  detail: string;
}

/** Clusters that refused an instance in the same round, by id. */
export type Refusals = ReadonlyMap<string, Refusal>;

export interface Wish {
  readonly instanceId: string;
  readonly session: Session;
  readonly place: Place;
  /** without this cluster's */
  readonly refusals: Refusals;
}

interface Ask extends Wish {
  times: number;
  cancel: () => void;
}

export interface AsksParts {
  instances: InstanceStore;
  board: Board;
  clusters: Clusters;
  clock: Clock;
  log: Logger;
}

export class Asks {
  readonly #parts: AsksParts;
  readonly #asks = new Map<string, Ask>();

  constructor(parts: AsksParts) {
    this.#parts = parts;
  }

  /** Is an answer outstanding (on this stream)? */
  has(instanceId: string, session?: Session): boolean {
    const ask = this.#asks.get(instanceId);
    return ask !== undefined && (session === undefined || ask.session === session);
  }

  /** @returns false when the stream has ended, so that nobody was asked */
  begin(wish: Wish): boolean {
    if (!wish.session.send({ place: wish.place })) return false;
    this.end(wish.instanceId);
    const ask = { ...wish, times: 0, cancel: () => {} };
    this.#asks.set(wish.instanceId, ask);
    this.reserve(ask, 1);
    this.#await(ask);
    return true;
  }

  /** The answer is here. @returns what was asked for; null when it is no answer to that */
  take(session: Session, instanceId: string, attemptId: string): Wish | null {
    const ask = this.#asks.get(instanceId);
    if (!ask || ask.place.attempt_id !== attemptId || ask.session !== session) return null;
    this.end(instanceId);
    return ask;
  }

  /** Nobody waits for the answer any more. */
  end(instanceId: string): void {
    this.#asks.get(instanceId)?.cancel();
    this.#asks.delete(instanceId);
  }

  /** The stream ended: whether its cluster took what it was asked for is not known. */
  lost(session: Session): void {
    for (const [id, ask] of this.#asks) if (ask.session === session) this.end(id);
  }

  stop(): void {
    for (const id of this.#asks.keys()) this.end(id);
  }

  reserve({ session, place: { service } }: Wish, sign: 1 | -1): void {
    this.#parts.clusters.reserve(session.clusterId, sign * service.vcpus, sign * service.memory);
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
}
