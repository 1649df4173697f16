import type { Demand, Seat } from './types.ts';

export interface Wishes {
  /** worker to take if it passes the filters */
  prefer?: string | undefined;
  /** worker to take only if no other passes the filters */
  avoid?: string | undefined;
}

/**
 * Spread: first over workers by service, so that one lost worker does not take all of a service, then to the worker
 * with the most left over. Equal workers are ordered by id, so that a decision can be repeated.
 *
 * @returns negative when `a` is the better worker
 */
export function compareSeats(a: Seat, b: Seat, demand: Demand, wishes: Wishes): number {
  const keys: ((seat: Seat) => number)[] = [
    seat => (seat.offer.id === wishes.avoid ? 1 : 0),
    seat => (seat.presence === 'live' ? 0 : 1),
    seat => (seat.offer.id === wishes.prefer ? 0 : 1),
    seat => seat.services.get(demand.service) ?? 0,
    seat => -shareLeft(seat, demand),
    seat => seat.instances.size,
  ];
  for (const key of keys) {
    const difference = key(a) - key(b);
    if (difference !== 0) return difference;
  }
  return a.offer.id < b.offer.id ? -1 : 1;
}

/** @returns 0 … 1: the scarcer of cpu and memory that stays free once the instance is there */
function shareLeft(seat: Seat, demand: Demand): number {
  const share = (quantity: 'vcpus' | 'memory'): number =>
    seat.offer[quantity] === 0 ? 0 : 1 - (seat.reserved[quantity] + demand[quantity]) / seat.offer[quantity];
  return Math.min(share('vcpus'), share('memory'));
}
