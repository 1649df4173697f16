import { backoff } from '@hedgerow/common';
import type { RestartPolicy } from '@hedgerow/protos';

/** ms */
const FIRST = 1000;
const LONGEST = 5 * 60_000;
/** A program that ran this long was healthy: its next end starts the back-off anew. */
const HEALTHY = 10 * 60_000;

export interface Restarts {
  /** how often in a row the instance has ended or failed to start */
  count: number;
  /** how often in a row another step failed, beside which the program may run on: no restart, but a reason to wait */
  steps: number;
  /** ms, monotonic; null = it does not run, or has not passed its health check */
  runningSince: number | null;
}

export const NO_RESTARTS: Restarts = { count: 0, steps: 0, runningSince: null };

/** @returns the new count and ms until the next start: 0, then 1 s doubling to 5 min */
export function afterEnd(restarts: Restarts, now: number): { restarts: Restarts; delay: number } {
  const { runningSince } = restarts;
  const healthy = runningSince !== null && now - runningSince >= HEALTHY;
  const count = (healthy ? 0 : restarts.count) + 1;
  return { restarts: { count, steps: 0, runningSince: null }, delay: delayAfter(count) };
}

/** @returns the new count and ms until the step is tried again */
export function afterStep(restarts: Restarts): { restarts: Restarts; delay: number } {
  const steps = restarts.steps + 1;
  return { restarts: { ...restarts, steps }, delay: delayAfter(steps) };
}

/** @param failures in a row, from 1 */
export function delayAfter(failures: number): number {
  return failures <= 1 ? 0 : backoff(failures - 2, { first: FIRST, max: LONGEST });
}

/** What went wrong, or did not. */
export type End = { what: 'exit'; code: number } | { what: 'unhealthy' | 'start' };

/** What of an order the restart policy is made of. */
export interface RestartRules {
  restart?: RestartPolicy | null;
  one_shot: boolean;
}

/**
 * Is it not started again? `never` and `on-failure` speak of the program's own end: a start that failed is tried
 * again all the same, for `attempts` if they are limited.
 * @param tries in a row, the one that has just ended among them
 * @returns the state that it stays in and why; null = it is started again
 */
export function giveUp(
  rules: RestartRules,
  end: End,
  tries: number,
): { status: 'COMPLETED' | 'DEAD'; why: string } | null {
  const { policy, attempts } = rules.restart ?? { policy: 'always', attempts: 0 };
  const done = end.what === 'exit' && end.code === 0;
  if (done && (rules.one_shot || policy !== 'always')) return { status: 'COMPLETED', why: '' };
  if (policy === 'never' && end.what !== 'start')
    return { status: 'DEAD', why: 'not started again (restart.policy is never)' };
  if (attempts > 0 && tries > attempts)
    return { status: 'DEAD', why: `given up after ${tries} tries (restart.attempts is ${attempts})` };
  return null;
}
