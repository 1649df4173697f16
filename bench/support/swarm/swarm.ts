/** Docker's own orchestrator on Engines of its own: one manager that runs nothing, and workers, each in a namespace. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Lifecycle } from '@hedgerow/common';
import { importBenchImage } from '../docker/image.ts';
import { inNetns, run, start } from '../exec.ts';
import { createLan, type Station, UPLINK } from '../fleet/lan.ts';
import { waitUntil } from '../wait.ts';

export interface SwarmNode {
  name: string;
  station: Station;
  uplink: string;
  /** Runs the `docker` client on this node's Engine. */
  docker(...args: string[]): Promise<string>;
}

export interface Swarm {
  manager: SwarmNode;
  workers: SwarmNode[];
}

const FLAGS = ['--log-level=error', '--bridge=none', '--iptables=false', '--ip-masq=false'];
const START_LIMIT_MS = 40_000;

/** @param count workers */
export async function startSwarm(life: Lifecycle, count: number): Promise<Swarm> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'hedgerow-bench-swarm-'));
  life.add('swarm folder', () => removeFolder(dir));
  const names = ['sm', ...Array.from({ length: count }, (_, at) => `sw${at}`)];
  const stations = await createLan(life, names);
  const nodes: SwarmNode[] = [];
  for (const [at, station] of stations.entries())
    nodes.push(await startNode(life, dir, names[at] as string, station));
  const [manager, ...workers] = nodes as [SwarmNode, ...SwarmNode[]];
  await manager.docker(
    'swarm',
    'init',
    '--advertise-addr',
    manager.station.address,
    '--availability',
    'drain',
  );
  const token = (await manager.docker('swarm', 'join-token', '-q', 'worker')).trim();
  const join = ['swarm', 'join', '--token', token, `${manager.station.address}:2377`];
  for (const worker of workers) await worker.docker(...join);
  // an Engine that still belongs to a swarm takes longer to end than anybody waits
  for (const node of [manager, ...workers])
    life.add(`swarm of ${node.name}`, async () => void (await node.docker('swarm', 'leave', '--force')));
  return { manager, workers };
}

async function startNode(life: Lifecycle, dir: string, name: string, station: Station): Promise<SwarmNode> {
  const home = path.join(dir, name);
  const socket = path.join(dir, `${name}.sock`);
  const paths = ['--data-root', `${home}/data`, '--exec-root', `${home}/exec`, '--pidfile', `${home}.pid`];
  const command = ['dockerd', ...paths, '-H', `unix://${socket}`, ...FLAGS];
  // a host name of its own, since Swarm names its nodes by it
  const daemon = start(
    [
      'unshare',
      '--uts',
      'sh',
      '-c',
      `hostname ${name} && exec "$@"`,
      name,
      ...inNetns(station.netns.path, command),
    ],
    {
      stdio: 'ignore',
    },
  );
  life.add(`dockerd of ${name}`, () => daemon.stop());
  const docker = (...args: string[]): Promise<string> =>
    run(['docker', '-H', `unix://${socket}`, ...args], 60_000);
  await waitUntil(`dockerd of ${name}`, START_LIMIT_MS, 100, () =>
    docker('version').then(
      () => true,
      () => false,
    ),
  );
  await importBenchImage(socket);
  return { name, station, uplink: UPLINK, docker };
}

/** What the Engines have mounted goes first. */
async function removeFolder(dir: string): Promise<void> {
  const points = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map(line => line.split(' ')[1] ?? '');
  const inside = points.filter(point => point.startsWith(`${dir}/`));
  for (const point of inside.reverse()) await run(['umount', '-l', point]);
  await rm(dir, { recursive: true, force: true });
}
