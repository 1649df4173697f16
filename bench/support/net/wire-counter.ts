/** Bytes at IP level on one link of a namespace, counted by the kernel: neither ARP nor Ethernet heads. */
import type { Lifecycle } from '@hedgerow/common';
import { inNetns, run } from '../exec.ts';

const TABLE = 'hedgerow_bench';

export interface WireCount {
  inBytes: number;
  outBytes: number;
  packets: number;
}

export interface WireCounter {
  read(): Promise<WireCount>;
}

/** @param netns file of the namespace */
export async function countWire(life: Lifecycle, netns: string, link: string): Promise<WireCounter> {
  const inside = (command: string[]): Promise<string> => run(inNetns(netns, command));
  await inside(['nft', rules(link)]);
  life.add('wire counter', async () => void (await inside(['nft', 'delete', 'table', 'inet', TABLE])));
  return {
    read: async () => parseCounters(await inside(['nft', '-j', 'list', 'counters', 'table', 'inet', TABLE])),
  };
}

function rules(link: string): string {
  return `table inet ${TABLE} {
    counter in {}
    counter out {}
    chain arriving { type filter hook prerouting priority -500; iifname "${link}" counter name in; }
    chain leaving { type filter hook postrouting priority 500; oifname "${link}" counter name out; }
  }`;
}

interface NftCounter {
  counter?: { name: string; packets: number; bytes: number };
}

export function parseCounters(json: string): WireCount {
  const { nftables } = JSON.parse(json) as { nftables: NftCounter[] };
  const of = (name: string): { packets: number; bytes: number } =>
    nftables.find(item => item.counter?.name === name)?.counter ?? { packets: Number.NaN, bytes: Number.NaN };
  const [arriving, leaving] = [of('in'), of('out')];
  return {
    inBytes: arriving.bytes,
    outBytes: leaving.bytes,
    packets: arriving.packets + leaving.packets,
  };
}
