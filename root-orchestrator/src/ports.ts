/** What the API side of the root needs of the side that drives instances and talks to clusters. */
import type { Cluster, Instance, PlacedMove } from './model.ts';

/** Addresses are claims in the store; `owner` is written as in `Claim`. */
export interface Addresses {
  /**
   * @param wish the SLA's `rr_ip`; the next free one when left out
   * @throws SERVICE_IP_INVALID (422), SERVICE_IP_TAKEN (409), ADDRESSES_EXHAUSTED (507)
   */
  claimServiceIp(owner: string, wish?: string): Promise<string>;
  /** @throws ADDRESSES_EXHAUSTED (507) */
  claimInstanceIp(owner: string): Promise<string>;
  /** Frees every claim of an owner, or one of them. */
  release(owner: string, address?: string): Promise<void>;
}

export interface OutputWish {
  /** name; so many streams are his at a time */
  user: string;
  follow: boolean;
  /** so many last lines first */
  tail: number;
  requestId: string;
}

/** Where the output of an instance goes. */
export interface OutputSink {
  /** @param lost lines that were left out before these; the first call may bring none, and says that there is a stream */
  lines(lines: readonly string[], lost: number): void;
  /** Nothing comes after it. @param error "" when the output has ended */
  end(error: string): void;
}

export interface Outputs {
  /**
   * @returns its end, when nobody reads any more
   * @throws INSTANCE_NOT_PLACED (409), CLUSTER_UNREACHABLE (503), TOO_MANY_STREAMS (429), NO_LEADER (503)
   */
  open(instance: Instance, wish: OutputWish, sink: OutputSink): () => void;
}

export interface Sessions {
  /**
   * Does the root that leads have the stream of this cluster?
   * @param stored its document as just read, which may be newer than what this root has been told
   */
  isConnected(clusterId: string, stored?: Pick<Cluster, 'connected_epoch'>): boolean;
}

/** Where the parts that drive instances say what happened to one. */
export interface MoveRecorder {
  /**
   * Never fails and costs no write of its own: it is stored with others, some hundred ms later. Only while this root leads.
   * @param moves in the order in which this root heard of them; one that it was told already is passed over
   * @param kept it is over, and not by the word of somebody who asked the root: shown for a day after it is gone
   */
  record(
    instance: Pick<Instance, 'id' | 'service_id'>,
    moves: readonly PlacedMove[],
    kept?: 'kept' | undefined,
  ): void;
}

export interface HistoryReader {
  /** @returns oldest first, what is not stored yet included */
  of(instanceId: string): Promise<readonly PlacedMove[]>;
  /** @returns of an instance that is gone; null when its history went with it */
  ofGone(instanceId: string): Promise<readonly PlacedMove[] | null>;
}
