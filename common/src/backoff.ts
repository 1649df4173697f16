export interface BackoffOptions {
  /** ms before the first retry */
  first: number;
  /** ms at most */
  max: number;
  /** 0 … 1: share of the delay that is random, so that peers do not come back together */
  jitter?: number;
}

/** @returns ms to wait before try number `attempt` (0 = first retry): doubling, capped, jittered downwards. */
export function backoff(
  attempt: number,
  options: BackoffOptions,
  random: () => number = Math.random,
): number {
  const full = Math.min(options.max, options.first * 2 ** Math.min(attempt, 30));
  return full * (1 - (options.jitter ?? 0) * random());
}
