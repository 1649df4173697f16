/** From the table of services to the addresses that answer for each service IP and instance IP. */
import { inPrefix, parseIpv4 } from '@hedgerow/common';
import { type NetRegistration, SERVICE_PREFIX, type TableEntry, type TableInstance } from '@hedgerow/protos';
import { prefixOf } from './names.ts';
import { attachmentKey, type NetState } from './state.ts';

export interface Services {
  /** service IP or instance IP → container addresses, in the order of the instance numbers */
  endpoints: ReadonlyMap<string, readonly string[]>;
  /** what could not be used and why, for the log: one bad instance must not spoil the table */
  problems: readonly string[];
}

export function servicesOf(state: NetState, registration: NetRegistration): Services {
  const endpoints = new Map<string, string[]>();
  const problems: string[] = [];
  for (const entry of state.entries.values()) {
    for (const instance of inOrder(entry.instances)) {
      const problem = problemOf(instance);
      if (problem) problems.push(`${entry.job_name} instance ${instance.instance_number}: ${problem}`);
      else if (isAnswering(state, registration, entry, instance)) {
        for (const ip of [entry.service_ip, instance.instance_ip]) add(endpoints, ip, instance.namespace_ip);
      }
    }
  }
  return { endpoints, problems };
}

function inOrder(instances: readonly TableInstance[]): TableInstance[] {
  return [...instances].sort((a, b) => a.instance_number - b.instance_number);
}

/** @returns why the instance cannot be reached as it is described; null when it can, or is not attached yet */
function problemOf(instance: TableInstance): string | null {
  if (instance.namespace_ip === '') return null;
  if (parseIpv4(instance.worker_subnet) === null)
    return `worker_subnet ${instance.worker_subnet} is no address`;
  if (!inPrefix(instance.namespace_ip, prefixOf(instance.worker_subnet))) {
    return `namespace_ip ${instance.namespace_ip} is not in ${prefixOf(instance.worker_subnet)}`;
  }
  return parseIpv4(instance.host_ip) === null ? `host_ip ${instance.host_ip} is no IPv4 address` : null;
}

/**
 * Of instances on this worker we know best: a table that is late still names those that have gone. Those that the
 * table puts here under an earlier subnet of this worker cannot be reached at all.
 */
function isAnswering(
  state: NetState,
  registration: NetRegistration,
  entry: TableEntry,
  instance: TableInstance,
): boolean {
  if (instance.namespace_ip === '') return false;
  if (instance.worker_subnet !== registration.subnet) return !isThisWorker(registration, instance);
  const attachment = state.attachments.get(attachmentKey(entry.job_name, instance.instance_number));
  return attachment?.address === instance.namespace_ip && attachment.sandbox !== '';
}

export function isThisWorker(registration: NetRegistration, instance: TableInstance): boolean {
  return (
    instance.worker_id === registration.client_id ||
    (instance.host_ip === registration.public_address && instance.host_port === registration.tunnel_port)
  );
}

function add(endpoints: Map<string, string[]>, ip: string, address: string): void {
  if (!inPrefix(ip, SERVICE_PREFIX)) return;
  const known = endpoints.get(ip) ?? [];
  if (!known.includes(address)) known.push(address);
  endpoints.set(ip, known);
}
