import type { Capacity } from './capacity.ts';
import { FILTERS, type Filter } from './filters.ts';
import type { Demand, Seat } from './types.ts';
import { compareSeats, type Wishes } from './weigh.ts';

/** How many workers each filter left, in their order; ends at the filter that left none. */
export type Explanation = readonly { filter: string; left: number }[];

export type Decision =
  | { worker: string; explain: Explanation }
  | {
      worker: null;
      status: 'NO_QUALIFIED_WORKER_FOUND' | 'NO_WORKER_CAPACITY';
      /** a sentence that names what was missing and the best that there was */
      detail: string;
      explain: Explanation;
    };

/** Chooses a worker; changes nothing: the caller reserves in the same turn of the event loop. */
export function schedule(capacity: Capacity, demand: Demand, wishes: Wishes = {}): Decision {
  const explain: { filter: string; left: number }[] = [];
  let left: Seat[] = [...capacity.seats()];
  for (const filter of FILTERS) {
    const kept = left.filter(seat => filter.keeps(seat, demand));
    explain.push({ filter: filter.name, left: kept.length });
    if (kept.length === 0) return refusal(filter, demand, left, explain);
    left = kept;
  }
  const best = left.reduce((a, b) => (compareSeats(a, b, demand, wishes) <= 0 ? a : b));
  return { worker: best.offer.id, explain };
}

function refusal(filter: Filter, demand: Demand, tried: readonly Seat[], explain: Explanation): Decision {
  return {
    worker: null,
    status: filter.kind === 'fixed' ? 'NO_QUALIFIED_WORKER_FOUND' : 'NO_WORKER_CAPACITY',
    detail: filter.missing(demand, tried),
    explain,
  };
}
