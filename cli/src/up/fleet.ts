import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HedgerowError } from '@hedgerow/common';
import { STATUS_PORT } from '@hedgerow/common/metrics';
import type { From } from '../../bin/lib/entry.js';
import { Client } from '../api/client.ts';
import { memorySessions } from '../api/session.ts';
import { ERRORS } from '../errors.ts';
import { type Child, type ChildOptions, startChild } from './child.ts';
import type { Engine } from './engine.ts';
import type { Machine } from './namespaces.ts';
import type { Run } from './run.ts';

export interface FleetOptions {
  /** of the root on 127.0.0.1; 0 = a free one */
  port: number;
  /** what each worker offers: cores and MiB */
  vcpus: number;
  memory: number;
  logLevel: 'debug' | 'info';
  /** what the processes are started from; the newest of source and bundle when left out */
  from?: From;
  /** more flags per role, for tests: `{ cluster: ['--worker-dead-after', '1000'] }` */
  flags?: { root?: string[]; cluster?: string[]; worker?: string[] };
}

export interface FleetWorker {
  name: string;
  /** 24 hex digits; in the label `hedgerow.worker` of its containers */
  id: string;
  namespace: string;
  /** on the underlay */
  address: string;
  child: Child;
}

export interface Root {
  url: string;
  /** `unix:/path` of the same API, which network namespaces do not hide */
  socket: string;
  data: string;
  child: Child;
}

export interface Cluster {
  name: string;
  namespace: string | undefined;
  address: string;
  data: string;
  child: Child;
}

const CLUSTER_PORT = 10100;
const CLUSTER_NAME = 'demo';
const JOIN_MS = 30_000;

/**
 * What one worker offers when several share this machine. Four cores at least: the example reserves four of eight, so
 * that a person can add to it, and a reservation is not use. Memory: an even share of half of it, 4 GiB at most.
 */
export function shareOf(workers: number, totalMemoryMib: number): Pick<FleetOptions, 'vcpus' | 'memory'> {
  const vcpus = Math.max(4, Math.floor(availableParallelism() / workers));
  return { vcpus, memory: Math.min(4096, Math.floor(totalMemoryMib / (2 * workers))) };
}

/** The root, in this network namespace: TCP for people, a unix socket for clusters in others. */
export async function startRoot(run: Run, options: FleetOptions): Promise<Root> {
  const data = join(run.dir, 'root');
  const socket = join(run.dir, 'root.sock');
  const optionsAt = (port: string): ChildOptions => ({
    name: 'root',
    role: 'root',
    ...fromOf(options),
    args: [
      ...['--host', '127.0.0.1', '--port', port, '--socket', socket, '--data', data],
      ...(options.flags?.root ?? []),
    ],
    env: { HEDGEROW_LOG_LEVEL: options.logLevel },
  });
  const child = await startChild(run, optionsAt(`${options.port}`));
  const url = String(child.ready.url);
  // Whoever was told its address goes on with it, also where it was a free one.
  const again = (signal: AbortSignal) => startChild(run, optionsAt(new URL(url).port), signal);
  return { url, socket: `unix:${socket}`, data, child: { ...child, again } };
}

/** @param machine null = in this network namespace, on loopback */
export async function startCluster(
  run: Run,
  root: Root,
  machine: Machine | null,
  options: FleetOptions,
): Promise<Cluster> {
  const data = join(run.dir, 'cluster');
  const address = machine?.address ?? '127.0.0.1';
  const args = ['--name', CLUSTER_NAME, '--root', root.socket, '--host', address, '--address', address];
  // On loopback with others: free ones where the root was to take a free one.
  const free = machine === null && options.port === 0;
  const ports = free ? ['--port', '0', '--mqtt-port', '0'] : ['--port', `${CLUSTER_PORT}`];
  const child = await startChild(run, {
    name: 'cluster',
    role: 'cluster',
    ...fromOf(options),
    args: [...args, ...ports, '--data', data, ...(options.flags?.cluster ?? [])],
    env: { HEDGEROW_LOG_LEVEL: options.logLevel, ROOT_TOKEN: readToken(join(root.data, 'cluster-token')) },
    ...(machine ? { namespace: machine.namespace } : {}),
  });
  return { name: CLUSTER_NAME, namespace: machine?.namespace, address, data, child };
}

export async function startWorker(
  run: Run,
  name: string,
  place: { cluster: Cluster; machine: Machine; engine: Engine },
  options: FleetOptions,
): Promise<FleetWorker> {
  const { cluster, machine, engine } = place;
  const args = [
    '-a',
    cluster.address,
    '-p',
    `${CLUSTER_PORT}`,
    '--hostname',
    name,
    '--docker',
    engine.socket,
  ];
  const status = ['--status-listen', `${machine.address}:${STATUS_PORT}`];
  const share = ['--vcpus', `${options.vcpus}`, '--memory', `${options.memory}`];
  const child = await startChild(run, {
    name: `worker-${name}`,
    role: 'worker',
    ...fromOf(options),
    args: [...args, ...status, ...share, '--data', join(run.dir, name), ...(options.flags?.worker ?? [])],
    env: {
      HEDGEROW_LOG_LEVEL: options.logLevel,
      HEDGEROW_WORKER_TOKEN: readToken(join(cluster.data, 'worker-token')),
    },
    namespace: machine.namespace,
  });
  const id = String(child.ready.worker);
  run.note({ workers: [...run.record.workers, id] });
  return { name, id, namespace: machine.namespace, address: machine.address, child };
}

/** Waits until the root has heard of all of them. */
export async function untilJoined(root: Root, workers: number): Promise<void> {
  const client = new Client(root.url, memorySessions());
  const deadline = performance.now() + JOIN_MS;
  for (;;) {
    const clusters = await client.clusters();
    const joined = clusters
      .filter(cluster => cluster.active)
      .reduce((sum, { active_nodes: n }) => sum + n, 0);
    if (clusters.some(cluster => cluster.active) && joined >= workers) return;
    if (performance.now() > deadline) {
      const message = `after ${JOIN_MS / 1000} s the root knows ${joined} of ${workers} workers`;
      throw new HedgerowError(ERRORS.UP_FAILED, message);
    }
    await delay(30);
  }
}

function fromOf({ from }: FleetOptions): { from?: From } {
  return from === undefined ? {} : { from };
}

function readToken(file: string): string {
  return readFileSync(file, 'utf8').trim();
}
