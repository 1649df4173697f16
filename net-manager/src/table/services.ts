/** From the table of services to the addresses that answer for each service IP and instance IP. */
import { inPrefix, parseIpv4 } from '@hedgerow/common';
import {
  type NetRegistration,
  SERVICE_PREFIX,
  type TableEntry,
  type TableInstance,
  TUNNEL_PORT,
  workerPrefix,
} from '@hedgerow/protos';
import { isWorkerSubnet } from './addresses.ts';
import { type Attachment, attachmentKey } from './state.ts';

/** An entry of the table, checked once: attachments that come and go look at it again. */
export interface Service {
  entry: TableEntry;
  /** '' when it is none of 10.30.0.0/16 */
  ip: string;
  /** with an address that can be reached, in the order of their numbers */
  endpoints: readonly Endpoint[];
  /** workers that have or will have an instance */
  workers: readonly WorkerAddress[];
  /** what cannot be used and why, for the log: one bad instance must not spoil the table */
  problems: readonly string[];
}

export interface WorkerAddress {
  id: string;
  subnet: string;
  host: string;
  port: number;
}

export interface Endpoint {
  /** as in `NetState.attachments` */
  key: string;
  /** instance IP; '' when it is none of 10.30.0.0/16 */
  ip: string;
  address: string;
  worker: WorkerAddress;
}

export function serviceOf(entry: TableEntry): Service {
  const instances = [...entry.instances].sort((a, b) => a.instance_number - b.instance_number);
  const reachable = instances.filter(
    instance => parseIpv4(instance.host_ip) !== null && isWorkerSubnet(instance.worker_subnet),
  );
  return {
    entry,
    ip: serviceAddress(entry.service_ip),
    endpoints: reachable.filter(isAttached).map(instance => endpointOf(entry, instance)),
    workers: reachable.map(workerOf),
    problems: instances.flatMap(instance => {
      const problem = problemOf(instance);
      return problem ? [`${entry.job_name} instance ${instance.instance_number}: ${problem}`] : [];
    }),
  };
}

function serviceAddress(ip: string): string {
  return inPrefix(ip, SERVICE_PREFIX) ? ip : '';
}

function isAttached(instance: TableInstance): boolean {
  return inPrefix(instance.namespace_ip, workerPrefix(instance.worker_subnet));
}

/** @returns null when the instance can be reached, or is not attached yet */
function problemOf(instance: TableInstance): string | null {
  const { namespace_ip: address, worker_subnet: subnet, host_ip: host } = instance;
  if (address === '') return null;
  if (!isWorkerSubnet(subnet)) return `worker_subnet "${subnet}" is none that a worker may have`;
  if (!isAttached(instance)) return `namespace_ip "${address}" is not in ${workerPrefix(subnet)}`;
  return parseIpv4(host) === null ? `host_ip "${host}" is no IPv4 address` : null;
}

function endpointOf(entry: TableEntry, instance: TableInstance): Endpoint {
  return {
    key: attachmentKey(entry.job_name, instance.instance_number),
    ip: serviceAddress(instance.instance_ip),
    address: instance.namespace_ip,
    worker: workerOf(instance),
  };
}

function workerOf(instance: TableInstance): WorkerAddress {
  const { worker_id: id, worker_subnet: subnet, host_ip: host, host_port: port } = instance;
  return { id, subnet, host, port: port || TUNNEL_PORT };
}

/** The container addresses behind an address, in the order of the instance numbers. */
export function addressesOf(
  endpoints: readonly Endpoint[],
  attachments: ReadonlyMap<string, Attachment>,
  registration: NetRegistration,
): string[] {
  const answering = endpoints.filter(endpoint => isAnswering(endpoint, attachments, registration));
  return [...new Set(answering.map(({ address }) => address))];
}

/**
 * Of instances on this worker we know best: a table that is late still names those that have gone. Those that the
 * table puts here under an earlier subnet of this worker cannot be reached at all.
 */
function isAnswering(
  { key, address, worker }: Endpoint,
  attachments: ReadonlyMap<string, Attachment>,
  registration: NetRegistration,
): boolean {
  if (worker.subnet !== registration.subnet) return !isThisWorker(registration, worker);
  const attachment = attachments.get(key);
  return attachment?.address === address && attachment.sandbox !== '';
}

/**
 * Instances that are not attached yet count: the way back to their worker shall be there before their first packet.
 */
export function isRemote(registration: NetRegistration, worker: WorkerAddress): boolean {
  return worker.subnet !== registration.subnet && !isThisWorker(registration, worker);
}

function isThisWorker(registration: NetRegistration, worker: WorkerAddress): boolean {
  return (
    worker.id === registration.client_id ||
    (worker.host === registration.public_address && worker.port === registration.tunnel_port)
  );
}
