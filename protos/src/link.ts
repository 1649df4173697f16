/** Messages of `proto/cluster-link.proto` as proto-loader delivers them (keepCase, defaults, numbers as numbers). */
import { fileURLToPath } from 'node:url';
import type { Move } from './history.ts';

/** proto-loader options that give the shapes below. */
export const LINK_LOADER_OPTIONS = {
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
  arrays: true,
  oneofs: true,
} as const;

export const LINK_SERVICE = 'hedgerow.link.v1.ClusterLink';

/** @returns the .proto beside the sources, or beside the bundle when `assets` is given. */
export function linkProtoPath(assets?: string): string {
  return assets
    ? `${assets}/cluster-link.proto`
    : fileURLToPath(new URL('../proto/cluster-link.proto', import.meta.url));
}

export interface DirectConstraint {
  type: string;
  cluster: string;
  node: string;
}

/** The part of a service that cluster and worker need. Units: memory and storage MiB, vcpus cores; 0 = unlimited. */
export interface ServiceSpec {
  service_id: string;
  job_name: string;
  application_id: string;
  app_name: string;
  app_ns: string;
  service_name: string;
  service_ns: string;
  service_ip: string;
  image: string;
  cmd: string[];
  environment: string[];
  port: string;
  virtualization: string;
  memory: number;
  vcpus: number;
  vgpus: number;
  storage: number;
  one_shot: boolean;
  privileged: boolean;
  constraints: DirectConstraint[];
  /** amd64, arm64, …; empty = any */
  arch: string[];
  /** none = always, without end */
  restart?: RestartPolicy | null;
  /** none = not checked */
  health_check?: HealthCheck | null;
}

export const RESTART_POLICIES = ['always', 'on-failure', 'never'] as const;

export interface RestartPolicy {
  /** one of RESTART_POLICIES */
  policy: string;
  /** restarts in a row until it is given up; 0 = without end */
  attempts: number;
}

export const HEALTH_CHECKS = ['http', 'tcp', 'exec'] as const;

/** Run by the worker. Units: seconds. */
export interface HealthCheck {
  /** one of HEALTH_CHECKS */
  type: string;
  /** of the container; 0 with exec */
  port: number;
  /** of http */
  path: string;
  /** of exec */
  command: string[];
  interval: number;
  timeout: number;
  /** failures in a row until it is unhealthy */
  retries: number;
  /** in which a failure does not count */
  start_period: number;
}

export interface Place {
  /** of this attempt to place; the answer repeats it */
  attempt_id: string;
  service: ServiceSpec;
  instance_number: number;
  instance_ip: string;
  generation: number;
  /** of the API request that asked for the instance; in every log line about it */
  request_id: string;
  /** the highest that the root has seen of this instance; the placement gets a higher one */
  epoch: number;
}

export interface PlaceAnswer {
  attempt_id: string;
  accepted: boolean;
  worker_id: string;
  status: string;
  status_detail: string;
}

export interface InstanceRef {
  service_id: string;
  instance_number: number;
}

export interface InstanceReport extends InstanceRef {
  generation: number;
  epoch: number;
  status: string;
  status_detail: string;
  worker_id: string;
  host_ip: string;
  host_port: number;
  namespace_ip: string;
  worker_subnet: string;
  cpu_percent: string;
  memory_percent: string;
  disk: string;
  logs: string;
  /** since the last report, at most MOST_MOVES; with each status at least its own */
  moves?: Move[];
  /** with UNDEPLOYED: an operator removed it at the cluster, it is not wanted any more */
  withdrawn?: boolean;
  /** as the last Place said; "" from a cluster that does not tell */
  instance_ip?: string;
}

export interface Aggregate {
  active_nodes: number;
  cpu_percent: number;
  memory_percent: number;
  vcpus: number;
  memory: number;
  free_vcpus: number;
  free_memory: number;
  largest_free_vcpus: number;
  largest_free_memory: number;
  vgpus: number;
  virtualization: string[];
  architecture: string[];
  workers: string[];
}

/** One instance as the network sees it. `namespace_ip` is "" until the container is attached. */
export interface TableInstance {
  instance_number: number;
  instance_ip: string;
  namespace_ip: string;
  host_ip: string;
  host_port: number;
  worker_id: string;
  worker_subnet: string;
  cluster_id: string;
}

/** Everything needed to reach one service; replaces what was known of it before. */
export interface TableEntry {
  job_name: string;
  application_id: string;
  service_ip: string;
  instances: TableInstance[];
  removed: boolean;
}

export interface Hello {
  cluster_name: string;
  cluster_location: string;
  port: number;
  instances: InstanceReport[];
  address: string;
  /** every subnet that the cluster has given to a worker; others of its claims are freed unless their workers ask again */
  subnets: SubnetHold[];
  /** of the last root that it was welcomed by */
  epoch: number;
  /** instances and subnets are in this message; else the digests stand for them (`digest.ts`) */
  listed: boolean;
  instances_digest: number;
  subnets_digest: number;
  /** of what the root has told of other clusters' instances */
  table_digest: number;
}

/** What a Hello with digests stood for, when the root has something else. */
export interface InstanceList {
  instances: InstanceReport[];
  subnets: SubnetHold[];
}

export interface SubnetHold {
  worker_id: string;
  subnet: string;
}

/** The output of an instance; ends with the chunk whose `end` is true. */
export interface LogRequest extends InstanceRef {
  stream_id: string;
  follow: boolean;
  /** so many last lines first */
  tail: number;
  request_id: string;
  /** repeats an earlier one: whoever does not know the stream goes on with what comes from now on */
  again: boolean;
}

export interface LogChunk {
  stream_id: string;
  /** without line ends */
  lines: string[];
  /** lines left out before these, because a tier could not keep up */
  lost: number;
  end: boolean;
  /** why it ended; "" when the output ended */
  error: string;
}

export interface Welcome {
  cluster_id: string;
  /** of the root's lease; 0 with an embedded store */
  epoch: number;
  /** the digests differ: the cluster sends an InstanceList */
  send_list: boolean;
  /** the table's digest is the root's: nothing of it is told again */
  table_known: boolean;
}

/** Exactly one key is set; `body` names it (proto-loader's `oneofs`). */
export interface FromCluster {
  body?:
    | 'hello'
    | 'aggregate'
    | 'reports'
    | 'place_answer'
    | 'subnet_claim'
    | 'subnet_release'
    | 'table_query'
    | 'log_chunk'
    | 'list';
  hello?: Hello;
  aggregate?: Aggregate;
  reports?: { reports: InstanceReport[] };
  place_answer?: PlaceAnswer;
  subnet_claim?: { claim_id: string; worker_id: string };
  subnet_release?: { worker_id: string };
  table_query?: { service_ip: string; job_name: string };
  log_chunk?: LogChunk;
  list?: InstanceList;
}

export interface FromRoot {
  body?:
    | 'welcome'
    | 'place'
    | 'remove'
    | 'subnet_grant'
    | 'table_entry'
    | 'refused'
    | 'log_request'
    | 'log_stop';
  welcome?: Welcome;
  place?: Place;
  remove?: InstanceRef & { request_id: string };
  /** `claim_id` "" answers no claim: what the holder `worker_id` had is another one's, and it has this from now on */
  subnet_grant?: { claim_id: string; subnet: string; error: string; worker_id?: string };
  table_entry?: TableEntry;
  /** NOT_LEADING: dial `leader` (host:port), or the next address that is known */
  refused?: { code: string; message: string; leader: string };
  log_request?: LogRequest;
  log_stop?: { stream_id: string };
}
