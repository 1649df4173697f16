import { backoff } from '@hedgerow/common';

/** ms */
const FIRST = 1000;
const LONGEST = 5 * 60_000;
/** A program that ran this long was healthy: its next end starts the back-off anew. */
const HEALTHY = 10 * 60_000;

/** How often in a row an instance has ended or failed to start. */
export interface Restarts {
  count: number;
  /** ms, monotonic; null = it does not run */
  runningSince: number | null;
}

export const NO_RESTARTS: Restarts = { count: 0, runningSince: null };

/** @returns the new count and ms until the next start: 0, then 1 s doubling to 5 min */
export function afterEnd(restarts: Restarts, now: number): { restarts: Restarts; delay: number } {
  const { runningSince } = restarts;
  const healthy = runningSince !== null && now - runningSince >= HEALTHY;
  const count = healthy ? 0 : restarts.count;
  const delay = count === 0 ? 0 : backoff(count - 1, { first: FIRST, max: LONGEST });
  return { restarts: { count: count + 1, runningSince: null }, delay };
}
