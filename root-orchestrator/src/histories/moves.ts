import { withMoves } from '@hedgerow/protos';
import type { PlacedMove } from '../model.ts';

/**
 * In the order in which this root heard of them: clocks of tiers differ and jump, and what happened during a cut is told
 * after it. A tier that does not know what has arrived tells it again.
 * @returns the last `MOST_MOVES` of both; the same array when there is nothing to add
 */
export function merged(moves: readonly PlacedMove[], more: readonly PlacedMove[]): readonly PlacedMove[] {
  const known = new Set(moves.map(keyOf));
  return withMoves(
    moves,
    more.filter(move => {
      const isNew = !known.has(keyOf(move));
      known.add(keyOf(move));
      return isNew;
    }),
  );
}

function keyOf({ at, tier, status, detail, cluster_id, worker_id }: PlacedMove): string {
  return JSON.stringify([at, tier, status, detail, cluster_id, worker_id]);
}
