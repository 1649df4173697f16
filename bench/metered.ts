/** What a worker costs on a link that is paid by the byte: the `metered` profile. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchContext } from './support/bench.ts';
import type { Measured } from './support/figure.ts';
import { startFleet } from './support/fleet/start.ts';
import { countWire, type WireCount } from './support/net/wire-counter.ts';
import { median } from './support/stats.ts';

/** several beats of 30 s, and of those that are acknowledged every fourth */
const SECONDS = 480;
const QUIET_SECONDS = 60;

export const metered: Bench = {
  name: 'metered',
  about: 'bytes on the wire per idle worker and second with --profile metered',
  measure,
};

async function measure(context: BenchContext): Promise<Measured[]> {
  const fleet = await startFleet(context, { workerFlags: ['--profile', 'metered'] });
  const counters = await Promise.all(
    fleet.workers.map(worker => countWire(context.life, worker.netns, worker.uplink)),
  );
  const seconds = context.rounds(SECONDS);
  context.say(`${QUIET_SECONDS} s to settle, then ${seconds} s of counting`);
  await delay(QUIET_SECONDS * 1000);
  const before = await Promise.all(counters.map(counter => counter.read()));
  await delay(seconds * 1000);
  const after = await Promise.all(counters.map(counter => counter.read()));
  const rates = after.map((count, at) => bytesBetween(before[at] as WireCount, count) / seconds);
  return [
    {
      figure: 'wire per idle worker, metered',
      value: median(rates),
      unit: 'bytes/s',
      goal: 12,
      method: `IP bytes both ways on the worker's uplink, nft counters over ${seconds} s, no instance; each worker: ${rates.map(rate => rate.toFixed(1)).join(', ')}`,
    },
  ];
}

function bytesBetween(before: WireCount, after: WireCount): number {
  return after.inBytes - before.inBytes + (after.outBytes - before.outBytes);
}
