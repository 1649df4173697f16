/** The moves of an instance through the states: what happened to it, when, and who said so. */
import type { Tier } from './status.ts';

export interface Move {
  /** ms since the epoch, by the clock of the tier that made the move */
  at: number;
  tier: Tier;
  status: string;
  /** a sentence: why */
  detail: string;
  /** "" when no worker had it */
  worker_id: string;
}

/** Moves that are kept of an instance; a tier that cannot tell its parent keeps as many. */
export const MOST_MOVES = 50;

/**
 * In the order in which this tier heard of them: clocks of tiers differ and jump, and what happened during a cut is told
 * after it. A tier that does not know what has arrived tells it again, which is passed over; what it tells before
 * something that is known had been lost, and belongs before it.
 * @returns the last `MOST_MOVES` of both; the same array when there is nothing to add
 */
export function withMoves<M extends Placed>(moves: readonly M[], more: readonly M[]): readonly M[] {
  if (more.length === 0) return moves;
  const all = moves.map(move => ({ key: keyOf(move), move }));
  let fresh: typeof all = [];
  for (const move of more) {
    const key = keyOf(move);
    const at = all.findIndex(known => known.key === key);
    if (at >= 0) {
      all.splice(at, 0, ...fresh);
      fresh = [];
    } else if (!fresh.some(known => known.key === key)) fresh.push({ key, move });
  }
  if (all.length + fresh.length === moves.length) return moves;
  return [...all, ...fresh].slice(-MOST_MOVES).map(({ move }) => move);
}

/** The root knows which cluster told of it. */
type Placed = Move & { cluster_id?: string };

function keyOf({ at, tier, status, detail, cluster_id, worker_id }: Placed): string {
  return JSON.stringify([at, tier, status, detail, cluster_id, worker_id]);
}
