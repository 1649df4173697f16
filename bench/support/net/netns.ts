/** Network namespaces of the bench's own, named after its process so that two runs do not meet; all go with `life`. */
import { stat } from 'node:fs/promises';
import type { Lifecycle } from '@hedgerow/common';
import { inNetns, run, start } from '../exec.ts';
import { waitUntil } from '../wait.ts';

export interface Netns {
  name: string;
  /** file to enter it by */
  path: string;
  /** Runs a program inside and answers with its standard output. */
  run(...command: string[]): Promise<string>;
}

export async function createNetns(life: Lifecycle, label: string): Promise<Netns> {
  const name = `hgb-${process.pid}-${label}`;
  await run(['ip', 'netns', 'add', name]);
  life.add(`namespace ${name}`, async () => void (await run(['ip', 'netns', 'delete', name])));
  const path = `/run/netns/${name}`;
  const netns = { name, path, run: (...command: string[]) => run(inNetns(path, command)) };
  // the kernel would look for routers and listeners on new links: bytes on the wire that are nobody's
  await netns.run('sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1');
  await netns.run('ip', 'link', 'set', 'lo', 'up');
  return netns;
}

/** A process that does nothing but live in the namespace, as a container's first process would. @returns its id */
export async function inhabit(life: Lifecycle, netns: Netns): Promise<number> {
  const sleeper = start(inNetns(netns.path, ['sleep', '3600']));
  life.add(`inhabitant of ${netns.name}`, () => sleeper.stop());
  const { ino } = await stat(netns.path);
  // until it has entered, its id would lead whoever wires it into our own namespace
  const inside = async (): Promise<boolean> => (await stat(`/proc/${sleeper.pid}/ns/net`)).ino === ino;
  await waitUntil(`a process in ${netns.name}`, 5000, 5, inside);
  return sleeper.pid;
}

export interface Site {
  workers: [Worker, Worker];
}

export interface Worker {
  netns: Netns;
  /** address on the underlay */
  address: string;
  /** name of the underlay's end in this namespace */
  device: string;
}

const UNDERLAY = ['10.99.0.1', '10.99.0.2'] as const;
const DEVICE = 'under0';

/** Two workers' namespaces joined by one veth pair of MTU 1500. */
export async function createSite(life: Lifecycle, label: string): Promise<Site> {
  const left = await createNetns(life, `${label}0`);
  const right = await createNetns(life, `${label}1`);
  const ends = ['netns', left.name, 'type', 'veth', 'peer', 'name', DEVICE, 'netns', right.name];
  await run(['ip', 'link', 'add', DEVICE, ...ends]);
  for (const [at, netns] of [left, right].entries()) {
    await netns.run('ip', 'address', 'add', `${UNDERLAY[at]}/24`, 'dev', DEVICE);
    await netns.run('ip', 'link', 'set', DEVICE, 'up');
  }
  const worker = (netns: Netns, address: string): Worker => ({ netns, address, device: DEVICE });
  return { workers: [worker(left, UNDERLAY[0]), worker(right, UNDERLAY[1])] };
}

/** Off: packets of up to 64 KB are cut in software where they enter the underlay, as before a plain network card. */
export async function setSegmentationOffload(site: Site, on: boolean): Promise<void> {
  const word = on ? 'on' : 'off';
  for (const { netns, device } of site.workers) {
    await netns.run('ethtool', '-K', device, 'tso', word, 'gso', word);
  }
}
