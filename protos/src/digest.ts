/**
 * Digests of what two tiers believe of the same things: equal ones spare the lists. 32 bits tell a difference that a
 * lost message made; they are no protection against somebody who makes one on purpose.
 */
import type { InstanceReport, SubnetHold, TableEntry, TableInstance } from './link.ts';

/** FNV-1a, 32 bit, over the sorted lines: equal sets give equal digests in any order. */
export function digestLines(lines: Iterable<string>): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from([...lines].sort().join('\n')))
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** What of an instance cluster and root compare: what it is, and where packets to it go. */
export type ComparedInstance = Pick<
  InstanceReport,
  | 'service_id'
  | 'instance_number'
  | 'generation'
  | 'epoch'
  | 'status'
  | 'worker_id'
  | 'host_ip'
  | 'host_port'
  | 'namespace_ip'
  | 'worker_subnet'
  | 'instance_ip'
>;

export function digestInstances(instances: Iterable<ComparedInstance>): number {
  return digestLines([...instances].map(comparedLine));
}

function comparedLine(i: ComparedInstance): string {
  const what = `${i.service_id}/${i.instance_number}:${i.generation}:${i.epoch}:${i.status}`;
  return `${what} ${i.worker_id},${i.host_ip}:${i.host_port},${i.namespace_ip},${i.worker_subnet},${i.instance_ip ?? ''}`;
}

export function digestSubnets(holds: Iterable<SubnetHold>): number {
  return digestLines([...holds].map(({ worker_id, subnet }) => `${worker_id} ${subnet}`));
}

/**
 * @param without instances of this cluster do not count: a cluster knows its own better than the root; "" = all count
 */
export function digestTable(entries: Iterable<TableEntry>, without = ''): number {
  return digestLines([...entries].filter(entry => !entry.removed).map(entry => entryLine(entry, without)));
}

function entryLine(entry: TableEntry, without: string): string {
  const counted = entry.instances.filter(({ cluster_id }) => without === '' || cluster_id !== without);
  const { job_name, application_id, service_ip } = entry;
  return [job_name, application_id, service_ip, ...counted.map(instanceLine).sort()].join(' ');
}

function instanceLine(i: TableInstance): string {
  const where = `${i.worker_id},${i.host_ip}:${i.host_port},${i.worker_subnet},${i.cluster_id}`;
  return `${i.instance_number},${i.instance_ip},${i.namespace_ip},${where}`;
}
