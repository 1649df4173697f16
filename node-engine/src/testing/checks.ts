import type { HealthCheck } from '@hedgerow/protos';

/** A check with everything in it, once a second; `change` what matters to the test. */
export function makeCheck(change: Partial<HealthCheck> = {}): HealthCheck {
  return {
    type: 'http',
    port: 80,
    path: '/',
    command: [],
    interval: 1,
    timeout: 1,
    retries: 3,
    start_period: 0,
    ...change,
  };
}
