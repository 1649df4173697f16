import { httpMeter, type MetricRegistry } from '@hedgerow/common/metrics';
import type { Route } from '../http/route.ts';
import { ROOT_METRICS } from './table.ts';

const LOGIN = '/api/auth/login';
/** wrong name or password; too many attempts */
const REFUSED: readonly number[] = [401, 429];

/** The status pages write their answers themselves, too, but at once. */
function isStream({ spec }: Route): boolean {
  return spec.stream !== undefined && spec.tag !== 'Health';
}

/** @returns the first middleware of the API */
export function apiMeter(registry: MetricRegistry, routes: readonly Route[]) {
  const { loginsFailed } = registry.open(ROOT_METRICS);
  loginsFailed.add(0);
  return httpMeter({
    registry,
    streams: new Set(routes.filter(isStream).map(({ spec }) => spec.path)),
    answered(route, status) {
      if (route === LOGIN && REFUSED.includes(status)) loginsFailed.add(1);
    },
  });
}
