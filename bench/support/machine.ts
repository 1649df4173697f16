/** What a figure depends on beside the code: kernel, processor, versions of the programs below us. */
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { run } from './exec.ts';

export interface Machine {
  kernel: string;
  cpu: string;
  cores: number;
  memoryMiB: number;
  node: string;
  docker: string;
  runc: string;
  nft: string;
  ip: string;
  congestion: string;
}

export async function readMachine(): Promise<Machine> {
  return {
    kernel: os.release(),
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.cpus().length,
    memoryMiB: Math.round(os.totalmem() / 2 ** 20),
    node: process.versions.node,
    docker: await version('dockerd', '--version'),
    runc: await version('runc', '--version'),
    nft: await version('nft', '--version'),
    ip: await version('ip', '-Version'),
    congestion: (await readFile('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8')).trim(),
  };
}

export function describeMachine(m: Machine): string {
  return [
    `kernel ${m.kernel}`,
    `${m.cores} × ${m.cpu}, ${m.memoryMiB} MiB`,
    `node ${m.node}`,
    `docker ${m.docker}`,
    `runc ${m.runc}`,
    `nft ${m.nft}`,
    `iproute2 ${m.ip}`,
    `tcp ${m.congestion}`,
  ].join(', ');
}

/** The first thing with a dot between digits that the program says about itself. */
async function version(program: string, flag: string): Promise<string> {
  const text = await run([program, flag]).catch(() => '');
  return /\d+(?:\.\d+)+[\w+~.-]*/.exec(text)?.[0] ?? 'absent';
}
