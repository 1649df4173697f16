import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';

export interface TestDockerd {
  socket: string;
  docker: Docker;
  /** where images and containers are */
  data: string;
  /** Ends the daemon and everything it runs, and removes its files. */
  stop(): Promise<void>;
  /**
   * Ends the daemon; with SIGTERM its containers end with it, with SIGKILL when it is back. `start` brings it back over
   * the same data.
   */
  halt(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  start(): Promise<void>;
  /** SIGSTOP: it takes connections and says nothing. @returns lets it go on */
  freeze(): () => void;
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

/**
 * A Docker Engine of its own, without networks, in a temporary directory.
 * @param disk MiB that it may fill, in memory; the machine's own disk when left out
 */
export async function startDockerd({ disk = 0 } = {}): Promise<TestDockerd> {
  const directory = mkdtempSync(join(tmpdir(), 'hedgerow-dockerd-'));
  const socket = join(directory, 'docker.sock');
  const docker = new Docker({ socketPath: socket });
  const data = join(directory, 'data');
  mkdirSync(data);
  if (disk > 0) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${disk}m`, 'tmpfs', data]);
  let daemon = await run(directory, docker);
  const halt: TestDockerd['halt'] = async (signal = 'SIGTERM') => {
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    daemon.kill(signal);
    await once(daemon, 'exit');
    // its containerd dies with it; where nobody waits for orphans it looks as if it were still running
    if (signal === 'SIGKILL') rmSync(join(directory, 'exec/containerd/containerd.pid'), { force: true });
  };
  return {
    socket,
    docker,
    data,
    halt,
    async start() {
      daemon = await run(directory, docker);
    },
    freeze() {
      daemon.kill('SIGSTOP');
      return () => void daemon.kill('SIGCONT');
    },
    async stop() {
      const containers = await docker.listContainers({ all: true }).catch(() => []);
      for (const { Id } of containers) await docker.getContainer(Id).remove({ force: true });
      await halt();
      if (disk > 0) execFileSync('umount', ['-l', data]);
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
