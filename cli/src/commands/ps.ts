import type { ApiService } from '@hedgerow/protos';
import { Command } from 'commander';
import type { Client } from '../api/client.ts';
import { findTarget } from '../api/names.ts';
import { Unreachable } from '../api/unreachable.ts';
import { firstLine } from '../output/lines.ts';
import type { Column } from '../output/table.ts';
import { type Context, clientOf, example, listing, print } from './context.ts';

/** One instance, or a service that has none (`instance` null). */
export interface InstanceRow {
  service: string;
  service_id: string;
  service_ip: string;
  instance: number | null;
  status: string;
  status_detail: string;
  /** why the status may be over; "" = the root hears the cluster */
  caveat: string;
  instance_ip: string;
  namespace_ip: string;
  host_ip: string;
  worker_id: string;
  cluster_id: string;
}

const COLUMNS: Column<InstanceRow>[] = [
  { title: 'SERVICE', of: row => row.service },
  { title: 'INSTANCE', of: row => row.instance ?? '' },
  { title: 'STATUS', of: row => row.status },
  { title: 'SERVICE IP', of: row => row.service_ip },
  { title: 'INSTANCE IP', of: row => row.instance_ip },
  { title: 'ADDRESS', of: row => row.namespace_ip },
  { title: 'WORKER', of: row => row.host_ip },
  { title: 'DETAIL', of: row => firstLine(detailOf(row)) },
];

export function psCommand(context: Context): Command {
  const command = listing(new Command('ps'))
    .summary('list instances')
    .description('Lists services and their instances: all, or those of one application or service.')
    .argument('[name]', 'application or service: name or id')
    .action(async (name: string | undefined) => {
      const client = clientOf(context, command);
      const [services, clusters] = await Promise.all([chosen(client, name), client.clusters()]);
      const away = new Unreachable(clusters);
      const rows = services.flatMap(instanceRows);
      printInstances(
        context,
        command,
        rows.map(row => ({ ...row, caveat: away.caveat(row.cluster_id) })),
      );
    });
  return example(command, 'hedge ps', 'hedge ps clientsrvr.test.nginx.test --json');
}

export function printInstances(context: Context, command: Command, rows: readonly InstanceRow[]): void {
  print(context, command, [...rows].sort(inOrder), COLUMNS);
}

function detailOf({ caveat, status_detail }: InstanceRow): string {
  return [caveat, status_detail].filter(text => text !== '').join('; ');
}

/** By job name, then by number; a service without instances has one row only. */
export function inOrder(a: InstanceRow, b: InstanceRow): number {
  if (a.service !== b.service) return a.service < b.service ? -1 : 1;
  return (a.instance ?? 0) - (b.instance ?? 0);
}

export function instanceRows(service: ApiService): InstanceRow[] {
  const { job_name, microserviceID, RR_ip, instance_list } = service;
  const own = { service: job_name, service_id: microserviceID, service_ip: RR_ip };
  if (instance_list.length === 0) return [{ ...own, ...NO_INSTANCE }];
  return instance_list.map(instance => ({
    ...own,
    instance: instance.instance_number,
    status: instance.status,
    status_detail: instance.status_detail,
    caveat: '',
    instance_ip: instance.instance_ip,
    namespace_ip: instance.namespace_ip,
    host_ip: instance.host_ip,
    worker_id: instance.worker_id,
    cluster_id: instance.cluster_id,
  }));
}

const NO_INSTANCE = {
  instance: null,
  status: 'not deployed',
  status_detail: '',
  caveat: '',
  instance_ip: '',
  namespace_ip: '',
  host_ip: '',
  worker_id: '',
  cluster_id: '',
};

async function chosen(client: Client, name: string | undefined): Promise<ApiService[]> {
  if (name === undefined) return client.services();
  const [applications, services] = await Promise.all([client.applications(), client.services()]);
  const target = findTarget(name, applications, services);
  if (target.kind === 'service') return [target.service];
  const { applicationID } = target.application;
  return services.filter(service => service.applicationID === applicationID);
}
