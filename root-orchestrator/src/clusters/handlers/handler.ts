import type { Clock, Logger } from '@hedgerow/common';
import type { FromCluster } from '@hedgerow/protos';
import type { Board } from '../../deployments/board.ts';
import type { Driver } from '../../deployments/driver.ts';
import type { Reign } from '../../leadership/leadership.ts';
import type { LogStreams } from '../../logs/streams.ts';
import type { Lookup } from '../../network/lookup.ts';
import type { Subnets } from '../../network/subnets.ts';
import type { Table } from '../../network/table.ts';
import type { Clusters } from '../clusters.ts';
import type { Session } from '../session.ts';

export interface HandlerParts {
  board: Board;
  clusters: Clusters;
  driver: Driver;
  table: Table;
  lookup: Lookup;
  subnets: Subnets;
  logs: LogStreams;
  reign: Reign;
  /** A cluster has been welcomed under a later epoch than this reign's. */
  outbid: (epoch: number) => void;
  clock: Clock;
  log: Logger;
  /** ms within which a dead stream is noticed */
  deadAfter: number;
}

export type Body = NonNullable<FromCluster['body']>;

/** Handles one message. When it throws, the stream ends and the cluster's next Hello repairs what was missed. */
export type Handler<B extends Body> = (
  session: Session,
  message: NonNullable<FromCluster[B]>,
  parts: HandlerParts,
) => void | Promise<void>;
