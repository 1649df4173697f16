import { type StatusPages, type StatusPath, sendPage } from '@hedgerow/common/metrics';
import { Type } from 'typebox';
import { type Route, route } from '../route.ts';

const AliveSchema = Type.Object({ status: Type.String({ enum: ['ok'] }) }, { title: 'Alive' });

const ReadinessSchema = Type.Object(
  {
    status: Type.String({ enum: ['ready', 'not ready'] }),
    reasons: Type.Array(Type.String(), { description: 'Why it cannot do its work.' }),
    degraded: Type.Array(Type.String(), { description: 'What is away though the work goes on.' }),
  },
  { title: 'Readiness' },
);

const common = { method: 'get', tag: 'Health', access: 'open' } as const;
const JSON_TYPE = 'application/json';

/** `/healthz`, `/readyz`, `/metrics` */
export function healthRoutes(pages: StatusPages): Route[] {
  const answer = (path: StatusPath, spec: Omit<Route['spec'], 'method' | 'path' | 'tag' | 'access'>): Route =>
    route({ ...common, ...spec, path }, async ({ http }) => {
      sendPage(http.response, await pages[path](http.request));
      return {};
    });
  return [
    answer('/healthz', { summary: 'The process runs.', response: AliveSchema, stream: JSON_TYPE }),
    answer('/readyz', {
      summary: 'Can it do its work? The store answers; over a shared store, some root leads.',
      response: ReadinessSchema,
      stream: JSON_TYPE,
      statuses: { 503: 'Not ready.' },
    }),
    answer('/metrics', {
      summary: 'Metrics for Prometheus; with METRICS_TOKEN as bearer token where that is set.',
      response: null,
      stream: 'text/plain',
      statuses: { 401: 'The token is missing or wrong.' },
    }),
  ];
}
