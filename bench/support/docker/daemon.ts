/** A Docker Engine of the bench's own: data, socket and process in one temporary folder, no bridge, no iptables. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Lifecycle } from '@hedgerow/common';
import { run, start } from '../exec.ts';
import { waitUntil } from '../wait.ts';
import { DockerEngine } from './engine.ts';

const FLAGS = ['--bridge=none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'];

/** The engine stops, and its folder goes, with `life`. @throws when it does not answer within 30 s */
export async function startDocker(life: Lifecycle): Promise<DockerEngine> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'hedgerow-bench-docker-'));
  life.add('docker folder', () => removeFolder(dir));
  const socket = path.join(dir, 'docker.sock');
  const paths = [
    '--data-root',
    `${dir}/data`,
    '--exec-root',
    `${dir}/exec`,
    '--pidfile',
    `${dir}/docker.pid`,
  ];
  const daemon = start(['dockerd', ...paths, '-H', `unix://${socket}`, '--log-level=error', ...FLAGS], {
    stdio: 'ignore',
  });
  life.add('dockerd', () => daemon.stop());
  const engine = new DockerEngine(socket);
  life.add('docker client', () => engine.close());
  await waitUntil('dockerd', 30_000, 100, () => engine.ping());
  life.add('containers', () => removeContainers(engine));
  return engine;
}

/** Left to dockerd, a program that does not mind SIGTERM holds up its end by 10 s. */
async function removeContainers(engine: DockerEngine): Promise<void> {
  for (const { id } of await engine.containers()) await engine.remove(id);
}

async function removeFolder(dir: string): Promise<void> {
  const mounts = (await run(['mount'])).match(new RegExp(`${dir}/\\S+`, 'g')) ?? [];
  for (const mount of mounts.reverse()) await run(['umount', mount]);
  await rm(dir, { recursive: true, force: true });
}
