/** What a worker costs on a link that is paid by the byte: the `metered` profile. */
import type { Bench, BenchContext } from './support/bench.ts';
import type { Measured } from './support/figure.ts';
import { startFleet } from './support/fleet/start.ts';
import { wireRates } from './support/net/wire-rate.ts';
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
  const counted = { quiet: QUIET_SECONDS, usual: SECONDS };
  const { rates, seconds } = await wireRates(context, fleet.workers, counted);
  const bytes = rates.map(rate => rate.bytes);
  return [
    {
      figure: 'wire per idle worker, metered',
      value: median(bytes),
      unit: 'bytes/s',
      goal: 12,
      method: `IP bytes both ways on the worker's uplink, nft counters over ${seconds.toFixed(0)} s, no instance; each worker: ${bytes.map(rate => rate.toFixed(1)).join(', ')}`,
    },
  ];
}
