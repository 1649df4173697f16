/** Instances of a service as the API shows them, and the containers behind them. */
import type { ApiInstance } from '@hedgerow/protos';
import type { Fleet, FleetWorker } from './fleet/fleet.ts';
import { waitUntil } from './wait.ts';

const LIMIT_MS = 120_000;
const LABEL = { service: 'hedgerow.service', instance: 'hedgerow.instance' };

/** Waits until so many instances are RUNNING, and no others are wanted. */
export function running(fleet: Fleet, serviceId: string, count: number, gap = 20): Promise<ApiInstance[]> {
  return waitUntil(`${count} instances RUNNING`, LIMIT_MS, gap, async () => {
    const { instance_list } = await fleet.api.service(serviceId);
    const up = instance_list.filter(({ status }) => status === 'RUNNING');
    return instance_list.length === count && up.length === count && instance_list;
  });
}

/** @throws when the instance is on no worker of the fleet */
export function workerOf(fleet: Fleet, instance: ApiInstance): FleetWorker {
  const worker = fleet.workers.find(({ address }) => address === instance.host_ip);
  if (!worker) throw new Error(`no worker of the fleet has the address ${instance.host_ip}`);
  return worker;
}

/** Containers of a service, whoever has them. @returns their ids in order of the instance number */
export async function containersOf(fleet: Fleet, serviceId: string): Promise<string[]> {
  const containers = await fleet.docker.containers();
  return containers
    .filter(({ labels }) => labels[LABEL.service] === serviceId)
    .sort((a, b) => Number(a.labels[LABEL.instance]) - Number(b.labels[LABEL.instance]))
    .map(({ id }) => id);
}
