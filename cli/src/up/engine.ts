import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HedgerowError } from '@hedgerow/common';
import { docker, dockerJson } from '../docker/http.ts';
import { ERRORS } from '../errors.ts';
import { endProcess, identify, isAlive, processesNaming } from '../system/process.ts';
import { tailOf } from '../system/tail.ts';
import { endingOf, wordsOf } from './ending.ts';
import type { Run } from './run.ts';
import type { Part } from './supervise.ts';

export interface Engine {
  socket: string;
  /** started by this run */
  own: boolean;
  version: string;
  /** its process, when it is our own */
  part: Part | null;
}

export const SYSTEM_SOCKET = '/var/run/docker.sock';
const START_MS = 30_000;
const PING_MS = 5_000;
/** for a containerd without its dockerd to end by itself */
const LEFT_MS = 2_000;
/** Made by dockerd and containerd wherever their own folders are; the innermost first. */
const FOLDERS = ['/run/containerd/s', '/run/containerd', '/run/docker/plugins', '/run/docker'];

/**
 * The machine's Docker Engine when one answers, else one of our own below the run's folder that touches neither bridges
 * nor packet filters of the machine.
 * @param systemSocket '' = always an own one
 * @throws UP_IMPOSSIBLE when none answers at another socket than the usual one: somebody chose it, and means that one
 */
export async function ensureEngine(run: Run, systemSocket = SYSTEM_SOCKET): Promise<Engine> {
  if (systemSocket !== '' && (await answers(systemSocket))) {
    run.note({ engine: { socket: systemSocket, own: false, folders: [] } });
    return describe(systemSocket, null);
  }
  if (systemSocket !== '' && systemSocket !== SYSTEM_SOCKET) {
    const message = `no Docker Engine answers at ${systemSocket}; name the socket of one that runs, or let an own one be started: --docker ""`;
    throw new HedgerowError(ERRORS.UP_IMPOSSIBLE, message);
  }
  return startEngine(run);
}

async function describe(socket: string, part: Part | null): Promise<Engine> {
  const { Version: version } = await dockerJson<{ Version: string }>(socket, {
    method: 'GET',
    path: '/version',
  });
  return { socket, own: part !== null, version, part };
}

async function startEngine(run: Run): Promise<Engine> {
  const dir = join(run.dir, 'docker');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const socket = join(dir, 'docker.sock');
  run.note({ engine: { socket, own: true, folders: FOLDERS.filter(folder => !existsSync(folder)) } });
  return describe(socket, await startDockerd(run, dir, socket));
}

async function startDockerd(run: Run, dir: string, socket: string, signal?: AbortSignal): Promise<Part> {
  const log = join(run.dir, 'dockerd.log');
  const child = spawn('dockerd', engineFlags(dir, socket, run.id), {
    stdio: ['ignore', openSync(log, 'a', 0o600), openSync(log, 'a', 0o600)],
    detached: true,
  });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  const ending = endingOf(child);
  child.unref();
  const id = child.pid === undefined ? null : identify(child.pid);
  if (id === null) return failed;
  run.note({ processes: [...run.record.processes, { name: 'dockerd', ...id }] });
  await Promise.race([failed, untilAnswers({ id, ending }, { socket, log }, signal)]);
  const again = (until: AbortSignal) => startDockerdAgain(run, dir, socket, until);
  return { name: 'dockerd', id, log, ending, again };
}

/**
 * One that was killed leaves its containerd, or the zombie of it where nobody waits for orphans. The next dockerd takes
 * either for one that it can go on with, waits 15 s for its answer, and ends. Containers are not touched.
 */
async function startDockerdAgain(run: Run, dir: string, socket: string, signal: AbortSignal): Promise<Part> {
  const left = processesNaming(`${dir}/`);
  for (const file of [join(dir, 'docker.pid'), join(dir, 'exec/containerd/containerd.pid')]) {
    const pid = Number(tailOf(file));
    const ours = left.filter(id => id.pid === pid);
    await Promise.all(ours.map(id => endProcess(id, LEFT_MS)));
    rmSync(file, { force: true });
  }
  signal.throwIfAborted();
  return startDockerd(run, dir, socket, signal);
}

/**
 * A containerd of the machine may serve it as well: names of its own keep the two Engines' containers apart. Containers
 * outlive a dockerd that dies: without `live-restore` the next one would first stop them all, 10 s for each that takes
 * no notice of SIGTERM.
 */
function engineFlags(dir: string, socket: string, run: string): string[] {
  return [
    `--data-root=${join(dir, 'data')}`,
    `--exec-root=${join(dir, 'exec')}`,
    `--host=unix://${socket}`,
    `--pidfile=${join(dir, 'docker.pid')}`,
    `--containerd-namespace=hedge-${run}`,
    `--containerd-plugins-namespace=hedge-${run}-plugins`,
    '--bridge=none',
    '--iptables=false',
    '--ip6tables=false',
    '--ip-forward=false',
    '--ip-masq=false',
    '--live-restore',
    '--log-level=warn',
  ];
}

async function untilAnswers(
  { id, ending }: Pick<Part, 'id' | 'ending'>,
  { socket, log }: { socket: string; log: string },
  signal?: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (!(await answers(socket))) {
    signal?.throwIfAborted();
    if (!isAlive(id))
      throw notUp(`dockerd ended ${await wordsOf(ending)} before it answered:\n${tailOf(log)}`);
    if (performance.now() > deadline) throw notUp(`dockerd does not answer after 30 s:\n${tailOf(log)}`);
    await delay(30);
  }
}

function notUp(message: string): HedgerowError {
  return new HedgerowError(ERRORS.UP_FAILED, message);
}

export async function answers(socket: string): Promise<boolean> {
  try {
    await docker(socket, { method: 'GET', path: '/_ping', patience: PING_MS });
    return true;
  } catch {
    return false;
  }
}
