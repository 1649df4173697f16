/** The overlay with nothing in it but the kernel: what a path through the product is compared with. */
import type { Netns, Site } from './netns.ts';

const MTU = '1450';
const VNI = '7001';
const PORT = '50203';
const ROUTED_VNI = '7002';
const ROUTED_PORT = '50204';

/** Addresses of the two containers on the bare paths. */
export const BARE = ['10.98.1.1', '10.98.1.2'] as const;
export const ROUTED = ['10.98.2.1', '10.98.3.1'] as const;

/**
 * VXLAN devices that end inside the containers' namespaces while their packets leave by the workers': not one hop,
 * rule or route more than VXLAN itself.
 */
export async function wireBareVxlan(site: Site, containers: readonly [Netns, Netns]): Promise<void> {
  for (const at of [0, 1] as const) {
    await addVxlan(site, at, 'bare0', VNI, PORT);
    const container = containers[at];
    await site.workers[at].netns.run('ip', 'link', 'set', 'bare0', 'netns', container.name);
    await container.run('ip', 'address', 'add', `${BARE[at]}/24`, 'dev', 'bare0');
    await container.run('ip', 'link', 'set', 'bare0', 'up');
  }
}

/**
 * The same with the hop that containers need when they share a worker's VXLAN device: a veth pair and a route on each
 * worker, no packet filter, no translation.
 */
export async function wireRoutedVxlan(site: Site, containers: readonly [Netns, Netns]): Promise<void> {
  for (const at of [0, 1] as const) {
    const worker = site.workers[at].netns;
    await addVxlan(site, at, 'routed0', ROUTED_VNI, ROUTED_PORT);
    await worker.run('ip', 'address', 'add', `10.98.4.${at + 1}/24`, 'dev', 'routed0');
    await worker.run('ip', 'link', 'set', 'routed0', 'up');
    await worker.run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    await addVeth(worker, containers[at], ROUTED[at]);
    await worker.run('ip', 'route', 'add', `${ROUTED[1 - at]}/32`, 'via', `10.98.4.${2 - at}`);
    const gateway = ['via', gatewayOf(ROUTED[at]), 'dev', 'hand0', 'onlink'];
    await containers[at].run('ip', 'route', 'add', `${ROUTED[1 - at]}/32`, ...gateway);
  }
}

async function addVeth(worker: Netns, container: Netns, address: string): Promise<void> {
  const peer = ['type', 'veth', 'peer', 'name', 'hand0', 'mtu', MTU, 'netns', container.name];
  await worker.run('ip', 'link', 'add', 'hand0', 'mtu', MTU, ...peer);
  await worker.run('ip', 'address', 'add', `${gatewayOf(address)}/24`, 'dev', 'hand0');
  await worker.run('ip', 'link', 'set', 'hand0', 'up');
  await container.run('ip', 'address', 'add', `${address}/24`, 'dev', 'hand0');
  await container.run('ip', 'link', 'set', 'hand0', 'up');
}

async function addVxlan(site: Site, at: 0 | 1, name: string, id: string, port: string): Promise<void> {
  const [here, there] = [site.workers[at], site.workers[at === 0 ? 1 : 0]];
  const ends = ['local', here.address, 'remote', there.address, 'dev', here.device];
  const link = ['ip', 'link', 'add', name, 'mtu', MTU, 'type', 'vxlan', 'id', id, 'dstport', port];
  await here.netns.run(...link, ...ends);
}

function gatewayOf(address: string): string {
  return address.replace(/\d+$/, '254');
}
