import type { Clock, Logger, SerialByKey, Turns } from '@hedgerow/common';
import type { InstanceReport } from '@hedgerow/protos';
import type { Downlink } from '../mqtt/downlink.ts';
import type { Tables } from '../network/tables.ts';
import type { Capacity } from '../scheduler/capacity.ts';
import type { Liveness } from '../workers/liveness.ts';
import type { Workers } from '../workers/workers.ts';
import type { Instances } from './instances.ts';
import type { Orders } from './orders.ts';
import type { Refusals } from './refusals.ts';
import type { Strays } from './strays.ts';

/** What the steps of an instance's life work with. */
export interface Jobs {
  clusterName: string;
  clock: Clock;
  log: Logger;
  instances: Instances;
  refusals: Refusals;
  strays: Strays;
  orders: Orders;
  /** instances that are placed again side by side */
  moving: Turns;
  workers: Workers;
  /** of everything that changes a worker, by its id */
  serial: SerialByKey;
  capacity: Capacity;
  liveness: Liveness;
  downlink: Downlink;
  tables: Tables;
  /** to the root, at once */
  report(report: InstanceReport): void;
}
