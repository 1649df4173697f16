/** What the network between containers on two workers costs over VXLAN alone. */
import type { Bench, BenchContext } from './support/bench.ts';
import type { Measured } from './support/figure.ts';
import { BARE, ROUTED, wireBareVxlan, wireRoutedVxlan } from './support/net/bare.ts';
import { measureCalls, serveCalls } from './support/net/calls.ts';
import { createNetns, createSite, type Netns, setSegmentationOffload } from './support/net/netns.ts';
import { type Overlay, wireOverlay } from './support/net/overlay.ts';
import { ensureStreamTools, measureStream, type Stream } from './support/net/stream.ts';
import { describe, interleave, median, pairRatios } from './support/stats.ts';

const ROUNDS = 8;
const CALLS = 3000;

export const overlay: Bench = {
  name: 'overlay',
  about: 'TCP between containers on two workers over bare VXLAN; service IP over instance IP',
  measure,
};

interface Arms {
  ours: Stream[];
  bare: Stream[];
  routed: Stream[];
}

async function measure(context: BenchContext): Promise<Measured[]> {
  const { life, say } = context;
  await ensureStreamTools(say);
  // connection tracking that ours turns on in a worker's namespace would slow the bare paths if they shared it
  const sites = [await createSite(life, 'ours'), await createSite(life, 'bare')] as const;
  const containers = [await createNetns(life, 'c0'), await createNetns(life, 'c1')] as const;
  await wireBareVxlan(sites[1], containers);
  await wireRoutedVxlan(sites[1], containers);
  const path = await wireOverlay(life, sites[0], containers);
  await serveCalls(life, containers[1]);
  const figures: Measured[] = [];
  for (const whole of [true, false]) {
    for (const site of sites) await setSegmentationOffload(site, whole);
    say(whole ? '64 KB packets on the underlay' : 'packets cut in software at the underlay');
    figures.push(...streamFigures(await measureArms(context, containers, path), whole));
  }
  for (const site of sites) await setSegmentationOffload(site, true);
  say('connect and request');
  return [...figures, ...(await callFigures(containers[0], path))];
}

async function measureArms(
  context: BenchContext,
  [from, to]: readonly [Netns, Netns],
  path: Overlay,
): Promise<Arms> {
  const arms = {
    ours: () => measureStream(from, to, path.serviceIp),
    bare: () => measureStream(from, to, BARE[1]),
    routed: () => measureStream(from, to, ROUTED[1]),
  };
  return interleave(context.rounds(ROUNDS), arms);
}

function streamFigures(arms: Arms, whole: boolean): Measured[] {
  const mode = whole ? '64 KB packets' : 'cut at the underlay';
  const rate = (streams: Stream[]): number[] => streams.map(s => s.mbitPerSecond);
  const cost = (streams: Stream[]): number[] => streams.map(s => s.cpuSecondsPerGb);
  const [ours, bare, routed] = [rate(arms.ours), rate(arms.bare), rate(arms.routed)];
  const method = `one iperf3 stream of 3 s to the service IP, interleaved, underlay a veth of MTU 1500, ${whole ? 'offloads on' : 'tso off gso off on both its ends'}; Mbit/s ours ${describe(ours, 0)}, bare ${describe(bare, 0)}, routed ${describe(routed, 0)}; pair ratios ${describe(pairRatios(ours, bare), 3)} and ${describe(pairRatios(ours, routed), 3)}; bare: VXLAN devices that end in the containers' namespaces; routed: a VXLAN device per worker, veth and routes by hand; the bare paths cross worker namespaces of their own without nftables or connection tracking`;
  const ratio = (name: string, under: number[]): Measured => ({
    figure: `TCP stream over ${name}, ${mode}`,
    value: median(ours) / median(under),
    unit: '×',
    against: `${name}: ${median(under).toFixed(0)} Mbit/s`,
    goal: 0.97,
    better: 'higher',
    method,
  });
  return [
    ratio('bare VXLAN', bare),
    ratio('VXLAN and veth by hand', routed),
    {
      figure: `CPU per GB, ${mode}`,
      value: median(cost(arms.ours)),
      unit: 's',
      against: `bare ${median(cost(arms.bare)).toFixed(2)} s, by hand ${median(cost(arms.routed)).toFixed(2)} s`,
      method,
    },
  ];
}

async function callFigures(from: Netns, path: Overlay): Promise<Measured[]> {
  const addresses = [path.serviceIp, path.instanceIp, path.own, ROUTED[1]];
  const times = await measureCalls(from, addresses, CALLS);
  const p50 = (address: string): number => median(times[address] ?? []);
  const method = `${CALLS} calls each, the addresses taking turns, one long-lived Node process calls another (connect, 1 byte, 1 byte back); µs ${addresses.map(address => `${address} ${describe(times[address] ?? [], 0)}`).join(', ')}`;
  const ratio = (name: string, under: string, goal: number | null): Measured => ({
    figure: `connect + request: service IP over ${name}, p50`,
    value: p50(path.serviceIp) / p50(under),
    unit: '×',
    against: `${p50(under).toFixed(0)} µs`,
    goal,
    method,
  });
  return [
    ratio('instance IP', path.instanceIp, 1.05),
    ratio('the container’s own address', path.own, 1.05),
    ratio('VXLAN and veth by hand', ROUTED[1], null),
  ];
}
