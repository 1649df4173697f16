import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { dockerJson, identify, inNamespace, type Machine, type Run } from '@hedgerow/cli';
import { eventually } from './eventually.ts';
import { execInNamespace } from './netns.ts';

const START_MS = 30_000;
/** Made by dockerd and containerd wherever their own folders are; the innermost first. */
const FOLDERS = ['/run/containerd/s', '/run/containerd', '/run/docker/plugins', '/run/docker'];

/**
 * A Docker Engine with its bridges and its packet filter, in a machine's network namespace: what it publishes is
 * reached there and nowhere else. Ends with the run.
 * @returns its socket
 */
export async function startDockerIn(run: Run, { namespace }: Machine): Promise<string> {
  // a new namespace has the machine's setting, and Docker guards FORWARD only where it turns forwarding on itself
  await execInNamespace(namespace, 'sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward');
  const folder = join(run.dir, 'guarded');
  mkdirSync(folder, { mode: 0o700 });
  const socket = join(folder, 'docker.sock');
  run.note({ engine: { socket, own: true, folders: FOLDERS.filter(path => !existsSync(path)) } });
  const flags = [
    `--data-root=${join(folder, 'data')}`,
    `--exec-root=${join(folder, 'exec')}`,
    `--host=unix://${socket}`,
    `--pidfile=${join(folder, 'docker.pid')}`,
    `--containerd-namespace=hedge-${run.id}-guarded`,
    `--containerd-plugins-namespace=hedge-${run.id}-guarded-plugins`,
    '--bip=172.31.250.1/24',
    '--default-address-pool=base=172.31.0.0/17,size=24',
    '--log-level=warn',
  ];
  const [command, args] = inNamespace(namespace, ['dockerd', ...flags]);
  const log = openSync(join(run.dir, 'dockerd-guarded.log'), 'a', 0o600);
  const child = spawn(command, args, { stdio: ['ignore', log, log], detached: true });
  child.unref();
  const id = child.pid === undefined ? null : identify(child.pid);
  if (id === null) throw new Error('dockerd could not be started');
  run.note({ processes: [...run.record.processes, { name: 'dockerd', ...id }] });
  const version = () => dockerJson(socket, { method: 'GET', path: '/version' });
  await eventually('dockerd answers', version, Boolean, { timeout: START_MS });
  return socket;
}
