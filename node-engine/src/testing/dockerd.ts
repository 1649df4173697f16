import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';

export interface TestDockerd {
  socket: string;
  docker: Docker;
  /** Ends the daemon and everything it runs, and removes its files. */
  stop(): Promise<void>;
  /** Ends the daemon; its containers end with it. `start` brings it back over the same data. */
  halt(): Promise<void>;
  start(): Promise<void>;
}

/** @returns why tests that need a Docker Engine cannot run here, or false */
export function withoutDocker(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = ['dockerd', 'busybox', 'nsenter'].find(
    program => spawnSync('which', [program]).status !== 0,
  );
  return missing === undefined ? false : `needs ${missing}`;
}

/** A Docker Engine of its own, without networks, in a temporary directory. */
export async function startDockerd(): Promise<TestDockerd> {
  const directory = mkdtempSync(join(tmpdir(), 'hedgerow-dockerd-'));
  const socket = join(directory, 'docker.sock');
  const docker = new Docker({ socketPath: socket });
  let daemon = await run(directory, docker);
  const halt = async () => {
    if (daemon.exitCode !== null) return;
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
  };
  return {
    socket,
    docker,
    halt,
    async start() {
      daemon = await run(directory, docker);
    },
    async stop() {
      for (const { Id } of await docker.listContainers({ all: true })) {
        await docker.getContainer(Id).remove({ force: true });
      }
      await halt();
      rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

async function run(directory: string, docker: Docker) {
  const at = (name: string) => join(directory, name);
  const log = openSync(at('log'), 'a');
  const daemon = spawn(
    'dockerd',
    [
      ...['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')],
      ...['-H', `unix://${at('docker.sock')}`, '--bridge=none', '--iptables=false'],
      ...['--ip-forward=false', '--ip-masq=false'],
    ],
    { stdio: ['ignore', log, log] },
  );
  for (let tries = 0; tries < 300; tries++) {
    if (daemon.exitCode !== null) throw new Error(`dockerd ended, see ${at('log')}`);
    if (await answers(docker)) return daemon;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  daemon.kill('SIGTERM');
  throw new Error(`dockerd does not answer, see ${at('log')}`);
}

async function answers(docker: Docker): Promise<boolean> {
  return docker.ping().then(
    () => true,
    () => false,
  );
}
