/** Starts the product as users run it: bundles, the launcher's flags, each role in its place. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Lifecycle } from '@hedgerow/common';
import type { BenchContext } from '../bench.ts';
import { startDocker } from '../docker/daemon.ts';
import type { DockerEngine } from '../docker/engine.ts';
import { importBenchImage } from '../docker/image.ts';
import { openTap } from '../net/tap.ts';
import { type RootAddress, RootApi } from '../root-api.ts';
import { waitUntil } from '../wait.ts';
import type { Fleet, FleetWorker } from './fleet.ts';
import { createLan, type Station, UPLINK } from './lan.ts';
import { startApart, startTogether } from './managers.ts';
import { RoleStarter } from './role.ts';

export interface FleetOptions {
  /** a copy of the node binary per machine, so that PSS is what it would be on machines apart */
  ownRuntimes?: boolean;
  /** root and cluster in one process */
  oneManager?: boolean;
  /** 2 when left out */
  workers?: number;
  /** for each worker, beside its own */
  workerFlags?: readonly string[];
  /** count and cut what cluster and root say to each other */
  tapped?: boolean;
}

/** more than there is: the benches measure starts, not placement */
const OFFER = ['--vcpus', '16', '--memory', '16384'];
const CLUSTER_NAME = 'bench';
const START_LIMIT_MS = 30_000;

export async function startFleet(
  context: Pick<BenchContext, 'life' | 'say' | 'logs'>,
  options: FleetOptions = {},
): Promise<Fleet> {
  const { life, say } = context;
  const names = Array.from({ length: options.workers ?? 2 }, (_, at) => `worker-${at}`);
  say(`starting a Docker Engine, a root, a cluster and ${names.length} workers`);
  const dir = await mkdtemp(path.join(os.tmpdir(), 'hedgerow-bench-fleet-'));
  life.add('fleet folder', () => rm(dir, { recursive: true, force: true }));
  const docker = await startDocker(life);
  await importBenchImage(docker.socketPath);
  const [clusterAt, ...workersAt] = await createLan(life, ['cluster', ...names]);
  if (!clusterAt) throw new Error('no namespace for the cluster');
  const roles = new RoleStarter(life, dir, context.logs ?? dir, options.ownRuntimes ?? false);
  const tap = options.tapped ? await openTap(life, path.join(dir, 'tap.sock')) : null;
  const startManagers = options.oneManager ? startTogether : startApart;
  const managers = await startManagers(roles, clusterAt, CLUSTER_NAME, tap);
  const workers: (FleetWorker & { pid: number })[] = [];
  for (const [index, at] of workersAt.entries()) {
    const upstream = { ...managers, docker, flags: options.workerFlags ?? [] };
    workers.push(await startWorker(roles, at, names[index] as string, upstream));
  }
  const processes = Object.fromEntries(workers.map(worker => [worker.name, worker.pid]));
  const api = await logIn(life, managers.api);
  await waitUntil('every worker at the root', START_LIMIT_MS, 50, async () => {
    const [cluster] = await api.clusters();
    return cluster?.active_nodes === names.length;
  });
  return {
    api,
    docker,
    clusterName: CLUSTER_NAME,
    workers,
    roles,
    clusterAt: { netns: clusterAt.netns.path, uplink: UPLINK },
    tap,
    processes: { ...managers.processes, ...processes },
  };
}

interface Upstream {
  clusterAddress: string;
  workerToken: string;
  docker: DockerEngine;
  flags: readonly string[];
}

async function startWorker(
  roles: RoleStarter,
  at: Station,
  name: string,
  upstream: Upstream,
): Promise<FleetWorker & { pid: number }> {
  const { clusterAddress, workerToken, docker } = upstream;
  const flags = ['--cluster-address', clusterAddress, '--hostname', name, '--docker', docker.socketPath];
  // a secret may begin with a dash
  const own = [`--token=${workerToken}`, '--data', path.join(roles.dir, name)];
  const { pid } = await roles.start({
    role: 'worker',
    name,
    machine: name,
    netns: at.netns.path,
    flags: [...flags, ...own, ...OFFER, ...upstream.flags],
  });
  return { name, pid, address: at.address, netns: at.netns.path, uplink: UPLINK };
}

async function logIn(life: Lifecycle, address: RootAddress): Promise<RootApi> {
  const api = new RootApi(address, { username: 'Admin', password: 'Admin' });
  life.add('API client', () => api.close());
  await api.login();
  return api;
}
