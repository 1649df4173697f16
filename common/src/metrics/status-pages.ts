/** The three pages that every process has for those who watch it. */
import type { Readiness } from './readiness.ts';
import type { MetricRegistry } from './registry.ts';

export interface StatusPage {
  status: 200 | 503;
  type: string;
  text: string;
}

export type StatusPages = Readonly<Record<'/metrics' | '/healthz' | '/readyz', () => Promise<StatusPage>>>;

const JSON_TYPE = 'application/json; charset=utf-8';

export function statusPages(metrics: MetricRegistry, ready: () => Promise<Readiness>): StatusPages {
  return {
    '/metrics': async () => ({ status: 200, type: metrics.contentType, text: await metrics.text() }),
    '/healthz': async () => ({ status: 200, type: JSON_TYPE, text: JSON.stringify({ status: 'ok' }) }),
    '/readyz': async () => {
      const answer = await ready();
      const status = answer.reasons.length === 0 ? 200 : 503;
      return { status, type: JSON_TYPE, text: JSON.stringify(answer) };
    },
  };
}

/** @param path without its query */
export function pageAt(pages: StatusPages, path: string): (() => Promise<StatusPage>) | null {
  const plain = path.replace(/(?<=.)\/$/, '');
  return Object.hasOwn(pages, plain) ? pages[plain as keyof StatusPages] : null;
}
