import type { MetricRegistry } from './registry.ts';
import { counter, gauge, histogram } from './table.ts';

export const HTTP_METRICS = {
  requests: counter('hedgerow_http_requests_total', 'Requests answered, by route and class of status.', [
    'method',
    'route',
    'status',
  ]),
  duration: histogram(
    'hedgerow_http_request_duration_seconds',
    'From the head of a request to the end of its answer. Streamed answers are left out.',
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    ['method', 'route'],
  ),
  streams: gauge('hedgerow_http_open_streams', 'Streamed answers that are being read: events, logs.', [
    'route',
  ]),
} as const;

/** What of Express' request and response is looked at. */
interface Routed {
  method: string;
  route?: { path?: unknown };
}

interface Answer {
  statusCode: number;
  headersSent: boolean;
  once(event: 'close', listener: () => void): unknown;
}

export interface HttpMeterOptions {
  registry: MetricRegistry;
  /** patterns of the routes that answer with a stream, as in the label: `/api/events` */
  streams: ReadonlySet<string>;
  /** called for every answer */
  answered?: (route: string, status: number) => void;
}

/** Of a request that no route was found for; its path is anybody's choice, so it is no label. */
const NO_ROUTE = 'none';

/** @returns the first middleware of an Express application */
export function httpMeter({ registry, streams, answered }: HttpMeterOptions) {
  const metrics = registry.open(HTTP_METRICS);
  const open = new Map<Answer, Routed>();
  registry.onScrape(() => {
    const routes = [...open].filter(([answer]) => answer.headersSent).map(([, request]) => routeOf(request));
    for (const route of streams)
      metrics.streams.set(routes.filter(other => other === route).length, { route });
  });
  return (request: Routed, response: Answer, next: () => void): void => {
    const begin = performance.now();
    open.set(response, request);
    response.once('close', () => {
      open.delete(response);
      const [method, route] = [request.method, routeOf(request)];
      metrics.requests.add(1, { method, route, status: `${Math.floor(response.statusCode / 100)}xx` });
      if (!streams.has(route))
        metrics.duration.observe((performance.now() - begin) / 1000, { method, route });
      answered?.(route, response.statusCode);
    });
    next();
  };
}

/** Express' `/api/service/:id` as the API's documentation writes it. A route may have several paths: the first one. */
export function routeOf({ route }: Pick<Routed, 'route'>): string {
  const path = Array.isArray(route?.path) ? route.path[0] : route?.path;
  return typeof path === 'string' ? path.replaceAll(/:(\w+)/g, '{$1}') : NO_ROUTE;
}
