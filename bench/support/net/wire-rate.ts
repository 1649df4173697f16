/** Bytes on the links of a fleet's workers per second, while nobody asks anything of them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext } from '../bench.ts';
import type { FleetWorker } from '../fleet/fleet.ts';
import { countWire, type WireCount } from './wire-counter.ts';

export interface Rate {
  /** both ways */
  bytes: number;
  out: number;
  packets: number;
}

/** @param quiet s before counting @param usual s of counting @returns the rate of each worker, and the s that it was counted for */
export async function wireRates(
  { life, say, rounds }: BenchContext,
  workers: readonly FleetWorker[],
  { quiet, usual }: { quiet: number; usual: number },
): Promise<{ rates: Rate[]; seconds: number }> {
  const counters = await Promise.all(workers.map(worker => countWire(life, worker.netns, worker.uplink)));
  const wanted = rounds(usual);
  say(`${quiet} s to settle, then ${wanted} s of counting`);
  await delay(quiet * 1000);
  const before = await Promise.all(counters.map(counter => counter.read()));
  const begin = performance.now();
  await delay(wanted * 1000);
  const after = await Promise.all(counters.map(counter => counter.read()));
  const seconds = (performance.now() - begin) / 1000;
  return { rates: after.map((count, at) => perSecond(before[at] as WireCount, count, seconds)), seconds };
}

function perSecond(before: WireCount, after: WireCount, seconds: number): Rate {
  const [arrived, left] = [after.inBytes - before.inBytes, after.outBytes - before.outBytes];
  return {
    bytes: (arrived + left) / seconds,
    out: left / seconds,
    packets: (after.packets - before.packets) / seconds,
  };
}
