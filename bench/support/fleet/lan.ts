/**
 * The machines of a fleet: namespaces joined by a bridge in another one. The root stays in the machine's own, on
 * loopback, and meets the cluster over a unix socket; nothing else leaves the namespaces.
 */
import type { Lifecycle } from '@hedgerow/common';
import { inNetns, run } from '../exec.ts';
import { createNetns, type Netns } from '../net/netns.ts';

export interface Station {
  netns: Netns;
  address: string;
}

export const UPLINK = 'eth0';

/** Cuts or joins the link of a machine, at its own end. */
export function setLink(
  { netns, uplink }: { netns: string; uplink: string },
  state: 'up' | 'down',
): Promise<string> {
  return run(inNetns(netns, ['ip', 'link', 'set', uplink, state]));
}

/** @param labels one station each, at 10.99.1.1, .2, …; the first one names the whole */
export async function createLan(life: Lifecycle, labels: readonly string[]): Promise<Station[]> {
  const hub = await createNetns(life, `hub-${labels[0]}`);
  await hub.run('ip', 'link', 'add', 'br0', 'type', 'bridge');
  await hub.run('ip', 'link', 'set', 'br0', 'up');
  const stations: Station[] = [];
  for (const [at, label] of labels.entries()) {
    const netns = await createNetns(life, label);
    const address = `10.99.1.${at + 1}`;
    await plugIn(hub, netns, `port${at}`, address);
    stations.push({ netns, address });
  }
  return stations;
}

async function plugIn(hub: Netns, netns: Netns, port: string, address: string): Promise<void> {
  const ends = ['netns', netns.name, 'type', 'veth', 'peer', 'name', port, 'netns', hub.name];
  await run(['ip', 'link', 'add', UPLINK, ...ends]);
  await hub.run('ip', 'link', 'set', port, 'master', 'br0', 'up');
  await netns.run('ip', 'address', 'add', `${address}/24`, 'dev', UPLINK);
  await netns.run('ip', 'link', 'set', UPLINK, 'up');
}
