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

/** @returns the last `MOST_MOVES` of both; the same array when there is nothing to add */
export function withMoves<M extends Move>(moves: readonly M[], more: readonly M[]): readonly M[] {
  return more.length === 0 ? moves : [...moves, ...more].slice(-MOST_MOVES);
}
