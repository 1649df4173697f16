/** Payloads of the topics in `topics.ts`; JSON text but for the beat. Keys are Oakestra's where it has them. */
import type { Move } from '../history.ts';
import type { InstanceRef, LogChunk, LogRequest, ServiceSpec, TableEntry, TableInstance } from '../link.ts';

/** `control/deploy`. `_id` repeats `service_id`, as Oakestra's Node Engine expects. */
export interface DeployPayload extends ServiceSpec {
  _id: string;
  instance_number: number;
  instance_ip: string;
  generation: number;
  epoch: number;
  /** of the API request that asked for the instance; in every log line about it */
  request_id: string;
}

/** `control/delete`. A worker that does not know the instance answers UNDEPLOYED all the same. */
export interface DeletePayload extends InstanceRef {
  job_name: string;
  virtualization: string;
  /** of the API request that removed it, "" when none did */
  request_id: string;
}

/** `control/register`. A worker that has this subnet has registered since. */
export interface RegisterPayload {
  subnet: string;
}

/**
 * `control/logs`. A worker sends on for 30 s after the last one of a stream; `stop` ends it at once.
 */
export interface LogsPayload extends LogRequest {
  stop: boolean;
}

/** `logs`. */
export type LogChunkPayload = LogChunk;

/** `job`: one instance's status. `sname` is the job name, `instance` its number (Oakestra's words). */
export interface JobPayload {
  sname: string;
  service_id: string;
  instance: number;
  status: string;
  status_detail: string;
  publicip: string;
  namespace_ip: string;
  generation: number;
  epoch: number;
  /** last lines of the container's log, sent with FAILED and DEAD */
  logs: string;
  /** since what the cluster was told last, this status among them, at most MOST_MOVES */
  moves?: Move[];
}

/** `sync`: everything that the worker has. */
export interface SyncPayload {
  instances: JobPayload[];
}

/** `jobs/resources`: strings as in Oakestra. */
export interface ResourcesPayload {
  services: {
    job_name: string;
    service_id: string;
    instance: number;
    cpu_percent: string;
    memory_percent: string;
    disk: string;
    logs: string;
    virtualization: string;
  }[];
}

/** `information`. `memory` is free MiB, `vcpus` logical cores. */
export interface InformationPayload {
  cpu_percent: number;
  memory_percent: number;
  memory: number;
  vcpus: number;
}

/**
 * `presence`. Who comes back says what it has by digests, so that nothing more is said when nothing has changed; the
 * Last Will has none.
 */
export interface PresencePayload {
  online: boolean;
  /** `hashInstances` of everything that the worker has */
  instances?: number;
  /** `digestTable` of the whole network table that it was told; 0 = it knows none */
  table?: number;
}

/** `net/tablequery/request`: job name and service IP in Oakestra's words; one of them may be "". */
export interface TableQueryPayload {
  sname: string;
  sip: string;
}

/** `net/tablequery/result`: Oakestra's shape plus what a kernel data path needs. */
export interface TableResultPayload {
  app_name: string;
  query_key: string;
  application_id: string;
  service_ip: string;
  removed: boolean;
  instance_list: (TableInstance & { service_ip: { IpType: 'RR' | 'instance_ip'; Address: string }[] })[];
}

/** `net/table`. */
export interface TablePayload {
  entries: TableEntry[];
  /** of a large table that comes in `parts` messages: which one, from 0; the others follow at once, in order */
  part?: number;
  parts?: number;
}

export function toTableResult(entry: TableEntry, queryKey: string): TableResultPayload {
  return {
    app_name: entry.job_name,
    query_key: queryKey,
    application_id: entry.application_id,
    service_ip: entry.service_ip,
    removed: entry.removed,
    instance_list: entry.instances.map(instance => ({
      ...instance,
      service_ip: [
        { IpType: 'RR', Address: entry.service_ip },
        { IpType: 'instance_ip', Address: instance.instance_ip },
      ],
    })),
  };
}

export function fromTableResult(result: TableResultPayload): TableEntry {
  return {
    job_name: result.app_name,
    application_id: result.application_id,
    service_ip: result.service_ip,
    removed: result.removed,
    instances: result.instance_list.map(({ service_ip: _, ...instance }) => instance),
  };
}
