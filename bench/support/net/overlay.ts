/** Two containers of one application on two workers, wired by the product: what the cluster would have told them. */
import type { Lifecycle } from '@hedgerow/common';
import { type NetManager, type TableEntry, type TableInstance, TUNNEL_PORT } from '@hedgerow/protos';
import { startNetManager } from './manager.ts';
import { inhabit, type Netns, type Site } from './netns.ts';

const SUBNETS = ['10.18.0.0', '10.18.0.64'] as const;
const WORKER_IDS = ['0000000000000000000000a0', '0000000000000000000000b0'] as const;
const APPLICATION = '0000000000000000000000c0';
const SERVICES = ['client', 'server'] as const;
const SERVICE_IPS = ['10.30.0.1', '10.30.0.2'] as const;
const INSTANCE_IPS = ['10.30.1.1', '10.30.1.2'] as const;

/** Three addresses of the container on the other worker. */
export interface Overlay {
  /** the container's own, reached by routing alone */
  own: string;
  instanceIp: string;
  serviceIp: string;
}

export async function wireOverlay(
  life: Lifecycle,
  site: Site,
  containers: readonly [Netns, Netns],
): Promise<Overlay> {
  const managers = [
    await startNetManager(life, site.workers[0]),
    await startNetManager(life, site.workers[1]),
  ] as const;
  const own = [
    await attach(life, site, managers[0], containers[0], 0),
    await attach(life, site, managers[1], containers[1], 1),
  ] as const;
  const table = ([0, 1] as const).map(at => entry(site, at, own[at]));
  for (const manager of managers) await manager.setTable(table);
  return { own: own[1], instanceIp: INSTANCE_IPS[1], serviceIp: SERVICE_IPS[1] };
}

/** @returns the container's own address */
async function attach(
  life: Lifecycle,
  site: Site,
  manager: NetManager,
  container: Netns,
  at: 0 | 1,
): Promise<string> {
  await manager.register({
    client_id: WORKER_IDS[at],
    subnet: SUBNETS[at],
    public_address: site.workers[at].address,
    tunnel_port: TUNNEL_PORT,
  });
  const pid = await inhabit(life, container);
  const identity = { serviceName: jobName(at), instanceNumber: 0 };
  return (await manager.attach({ ...identity, pid, portMappings: '' })).nsAddress;
}

function entry(site: Site, at: 0 | 1, address: string): TableEntry {
  const instance: TableInstance = {
    instance_number: 0,
    instance_ip: INSTANCE_IPS[at],
    namespace_ip: address,
    host_ip: site.workers[at].address,
    host_port: TUNNEL_PORT,
    worker_id: WORKER_IDS[at],
    worker_subnet: SUBNETS[at],
    cluster_id: '0000000000000000000000d0',
  };
  const service = { job_name: jobName(at), application_id: APPLICATION, service_ip: SERVICE_IPS[at] };
  return { ...service, instances: [instance], removed: false };
}

function jobName(at: 0 | 1): string {
  return `bench.bench.${SERVICES[at]}.bench`;
}
