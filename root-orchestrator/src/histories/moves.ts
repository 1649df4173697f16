import { withMoves } from '@hedgerow/protos';
import type { PlacedMove } from '../model.ts';

/**
 * In the order in which this root heard of them: clocks of tiers differ and jump, and what happened during a cut is told
 * after it. A tier that does not know what has arrived tells it again; what it tells before something that is known
 * had been lost, and belongs before it.
 * @returns the last `MOST_MOVES` of both; the same array when there is nothing to add
 */
export function merged(moves: readonly PlacedMove[], more: readonly PlacedMove[]): readonly PlacedMove[] {
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
  return withMoves(
    [],
    [...all, ...fresh].map(({ move }) => move),
  );
}

function keyOf({ at, tier, status, detail, cluster_id, worker_id }: PlacedMove): string {
  return JSON.stringify([at, tier, status, detail, cluster_id, worker_id]);
}
