import type { Clock, Collection } from '@hedgerow/common';
import { type MeteredLoop, type MetricRegistry, meterLoop } from '@hedgerow/common/metrics';
import type { Instance } from '../model.ts';
import { InstanceEvents } from './instance-events.ts';
import { type LinkCounts, linkCounts } from './link.ts';
import { type LeadersView, readOut } from './read-out.ts';
import { ROOT_METRICS } from './table.ts';

/** What the parts of the root that face clusters are counted with. */
export interface RootMeter {
  readonly link: LinkCounts;
  /** tries what waits for a cluster */
  readonly waiting: MeteredLoop;
  /** compares a cluster's Hello with the store */
  readonly comparison: MeteredLoop;
  /** looks for what nobody owns */
  readonly sweep: MeteredLoop;
  readonly leaks: (kind: string, count: number) => void;
  stop(): void;
}

export interface RootMeterParts {
  registry: MetricRegistry;
  clock: Clock;
  instances: Pick<Collection<Instance>, 'watch'>;
  /** null while this root does not lead */
  term: () => LeadersView | null;
}

export function rootMeter({ registry, clock, instances, term }: RootMeterParts): RootMeter {
  const events = new InstanceEvents({ registry, clock, leads: () => term() !== null });
  readOut(registry, { term, restartsOf: id => events.restartsOf(id) });
  const stop = events.follow(instances);
  const leaks = new Map<string, number>();
  readLeaks(registry, leaks, () => term() !== null);
  return {
    link: linkCounts(registry),
    waiting: meterLoop(registry, clock, 'waiting'),
    comparison: meterLoop(registry, clock, 'comparison'),
    sweep: meterLoop(registry, clock, 'sweep'),
    leaks: (kind, count) => void leaks.set(kind, count),
    stop,
  };
}

function readLeaks(registry: MetricRegistry, leaks: ReadonlyMap<string, number>, leads: () => boolean): void {
  const metric = registry.open(ROOT_METRICS).leaks;
  registry.onScrape(() => {
    if (leads()) for (const [kind, count] of leaks) metric.set(count, { kind });
  });
}
