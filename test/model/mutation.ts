/** Where a mistake can be made on purpose: between the tiers, and in what a tier stands on. */
import type { Parts } from '@hedgerow/cluster-orchestrator/testing/parts';
import type { Clock, Store } from '@hedgerow/common';
import type { FromCluster, FromRoot, JobPayload } from '@hedgerow/protos';
import type { Process } from './time/process.ts';

/** Changes or swallows (null) what passes. */
export interface Mutation {
  /** what a worker is told */
  toWorker?(leaf: string, payload: Buffer): Buffer | null;
  /** what a worker says of an instance */
  job?(report: JobPayload): JobPayload | null;
  toRoot?(message: FromCluster): FromCluster | null;
  toCluster?(message: FromRoot): FromRoot | null;
  /** Does a broker take up what a worker subscribes to? */
  subscribes?(workerId: string): boolean;
  /** a process's clock, by the name of its host */
  clock?(clock: Clock, name: string): Clock;
  /** a process's disk, by the name of its host */
  store?(store: Store, name: string): Store;
  /** what a process does before it begins its work, by the name of its host */
  boots?(process: Process, name: string): Promise<void>;
  /** a cluster's parts, when they are made */
  cluster?(parts: Parts): void;
}
