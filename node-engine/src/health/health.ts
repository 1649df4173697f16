/** What the results of a health check make of an instance. Pure: times (ms, monotonic) and chance are passed in. */
import { type HealthCheck, STATUSES } from '@hedgerow/protos';

/** Unknown is a check that could not be made, as while the container runtime is away: it says nothing. */
export type Result = { outcome: 'passed' } | { outcome: 'failed' | 'unknown'; why: string };

export interface Health {
  /** waiting: it has not passed yet; failed: for good, this process is not checked any more */
  state: 'waiting' | 'passed' | 'failed';
  /** since when it is checked */
  since: number;
  /** in a row, of one that has passed */
  failures: number;
  /** of the last failure */
  why: string;
}

const SECOND = 1000;
/** ms between checks of a program that has just been started; they become rarer as it takes longer */
const SHORTEST = 100;
/** Who is ready is found to be within this share of the time that it took. */
const SHARE = 1 / 8;

/** @param passed it has passed before, as one that is adopted */
export function beginHealth(now: number, passed: boolean): Health {
  return { state: passed ? 'passed' : 'waiting', since: now, failures: 0, why: '' };
}

export function afterResult(check: HealthCheck, health: Health, result: Result, now: number): Health {
  if (result.outcome === 'passed') return { ...health, state: 'passed', failures: 0, why: '' };
  if (result.outcome === 'unknown') return health;
  const { why } = result;
  if (health.state === 'waiting')
    return { ...health, why, state: now >= latest(check, health) ? 'failed' : 'waiting' };
  const failures = health.failures + 1;
  return { ...health, why, failures, state: failures >= check.retries ? 'failed' : health.state };
}

/** @returns ms until the next check, counted from the end of the last one */
export function untilNext(check: HealthCheck, health: Health, now: number): number {
  const interval = check.interval * SECOND;
  if (health.state !== 'waiting') return interval;
  const pace = Math.min(interval, Math.max(SHORTEST, (now - health.since) * SHARE));
  const left = latest(check, health) - now;
  return left > 0 ? Math.min(pace, left) : pace;
}

/**
 * @param share 0 … 1, another one for each instance: those that began together are not checked in step
 * @returns ms until the first check of one that has just passed, or has just been adopted
 */
export function untilFirst(check: HealthCheck, share: number): number {
  return Math.max(SHORTEST, check.interval * SECOND * share);
}

/** When one that has never passed has failed: before the cluster would place it elsewhere. */
function latest(check: HealthCheck, { since }: Health): number {
  const allowed = (check.start_period + check.retries * check.interval) * SECOND;
  return since + Math.min(allowed, STATUSES.CREATED.deadline ?? allowed);
}
