/** The cluster's documents. The cluster is the only writer of which worker an instance runs on. */
import type { Document } from '@hedgerow/common';
import {
  type InstanceRef,
  type Move,
  type ServiceSpec,
  STATUSES,
  type Status,
  type TableEntry,
} from '@hedgerow/protos';

export interface Worker {
  /** 24 hex digits */
  id: string;
  hostname: string;
  /** SHA-256 of the worker's secret, hex; the secret has 256 random bits, so a slow hash adds nothing */
  secret_hash: string;
  /** offered, cores */
  vcpus: number;
  /** offered, MiB */
  memory: number;
  vgpus: number;
  architecture: string;
  virtualization: string[];
  public_address: string;
  tunnel_port: number;
  overlay: boolean;
  /** sentences: what the machine lacks */
  problems: string[];
  /** ms of silence after which it counts as dead; 0 = the cluster's setting */
  dead_after: number;
  /** ms between its heartbeats; 0 = the usual */
  beat: number;
  /** ms in which it is back at the latest when its cluster can be reached again; 0 = the usual */
  back_in: number;
  /** network address of its /26; "" without an overlay */
  subnet: string;
  /** id that the root knows this subnet by; "" = the worker's own */
  subnet_holder: string;
  /** why the subnet is another one than the worker heard at its last registration; "" = it is not */
  renumbered: string;
  /** fields of the registration that we do not know; kept */
  extra: Record<string, unknown>;
}

export interface Instance extends InstanceRef {
  /** `<service id>/<instance number>` */
  id: string;
  service: ServiceSpec;
  instance_ip: string;
  /** of the last API request about it */
  request_id: string;
  generation: number;
  /** grows each time the instance is placed on a worker */
  epoch: number;
  desired: 'run' | 'gone';
  /** "" while no worker has room for it */
  worker_id: string;
  /** while it waits: who had it last, and may keep the copy that it has; "" when nobody did */
  former: string;
  status: Status;
  status_detail: string;
  /** ms since the epoch */
  status_since: number;
  /** what the root has not been told; oldest first, at most MOST_MOVES */
  moves: readonly Move[];
  /** an operator removed it here, and the root has not said yet that it knows */
  withdrawn: boolean;
  /** why it had to be placed again; "" for the first placement */
  reason: string;
  /** how often this placement was sent to its worker */
  deploys: number;
  namespace_ip: string;
  logs: string;
  cpu_percent: string;
  memory_percent: string;
  disk: string;
}

export type StoredWorker = Worker & Document;
export type StoredInstance = Instance & Document;

/** A service's instances in other clusters, as the root last told; kept so that a restart does not forget them. */
export type StoredRemoteEntry = { entry: TableEntry; application_id: string } & Document;

/** A subnet that no worker has; `id` is the holder id that the root knows it by. */
export interface StoredSubnet extends Document {
  subnet: string;
}

/** One document, id `cluster`. */
export interface Identity extends Document {
  cluster_id: string;
  /** of the last root that welcomed this cluster */
  root_epoch: number;
}

export function instanceId(ref: InstanceRef): string {
  return `${ref.service_id}/${ref.instance_number}`;
}

/** Accepted, but no worker has it. */
export function isWaiting(instance: Instance): boolean {
  return instance.desired === 'run' && instance.worker_id === '' && !STATUSES[instance.status].final;
}

/** Removed here by an operator and gone: remembered for the root alone. */
export function isTombstone(instance: Instance): boolean {
  return instance.withdrawn && instance.status === 'UNDEPLOYED';
}

/** Its reservation counts: what is going away still holds its memory and its ports until it is gone. */
export function isHeld(instance: Instance): boolean {
  return instance.worker_id !== '' && !STATUSES[instance.status].final;
}
