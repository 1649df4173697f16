/** One TCP stream by iperf3, and what the whole machine's processors did meanwhile. */
import { readFile } from 'node:fs/promises';
import { inNetns, isInstalled, run, start } from '../exec.ts';
import { waitUntil } from '../wait.ts';
import type { Netns } from './netns.ts';

const SECONDS = 3;
/** left out of the figure: the congestion control still looks for its rate */
const OMITTED = 1;

export interface Stream {
  mbitPerSecond: number;
  /** of all processors together */
  cpuSecondsPerGb: number;
}

/** Installs from Debian what is missing, and says so. @throws when that fails */
export async function ensureStreamTools(say: (line: string) => void): Promise<void> {
  for (const tool of ['iperf3', 'ethtool']) {
    if (await isInstalled(tool)) continue;
    say(`${tool} is missing: apt-get install ${tool}`);
    await run(['apt-get', 'install', '-y', '--no-install-recommends', tool], 120_000);
  }
}

/** A server for this one stream: one that stays stops listening for a moment after each. */
export async function measureStream(from: Netns, to: Netns, address: string): Promise<Stream> {
  const server = start(inNetns(to.path, ['iperf3', '--server', '--one-off']));
  try {
    await waitUntil('iperf3 server', 5000, 20, async () => (await to.run('ss', '-Hltn')).includes(':5201 '));
    return await runClient(from, address);
  } finally {
    await server.stop();
  }
}

async function runClient(from: Netns, address: string): Promise<Stream> {
  const before = await busySeconds();
  const length = ['--time', String(SECONDS), '--omit', String(OMITTED)];
  const client = ['iperf3', '--json', '--client', address, ...length];
  const report = JSON.parse(await run(inNetns(from.path, client), 30_000)) as IperfReport;
  const busy = (await busySeconds()) - before;
  const received = report.end.sum_received;
  if (!received) throw new Error(`iperf3 to ${address}: ${report.error ?? 'no result'}`);
  // the omitted second costs processor time as well
  const gigabytes = (received.bytes / 1e9) * ((SECONDS + OMITTED) / SECONDS);
  return { mbitPerSecond: received.bits_per_second / 1e6, cpuSecondsPerGb: busy / gigabytes };
}

interface IperfReport {
  end: { sum_received?: { bytes: number; bits_per_second: number } };
  error?: string;
}

async function busySeconds(): Promise<number> {
  return parseBusySeconds(await readFile('/proc/stat', 'utf8'));
}

/** First line of /proc/stat, in 1/100 s: user, nice, system, idle, iowait, irq, softirq, steal. */
export function parseBusySeconds(stat: string): number {
  const [user, nice, system, , , irq, softirq] = (stat.split('\n')[0] ?? '')
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return [user, nice, system, irq, softirq].reduce<number>((sum, part) => sum + (part ?? 0), 0) / 100;
}
