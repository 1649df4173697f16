/** The three pages that every process has for those who watch it. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readiness } from './readiness.ts';
import type { MetricRegistry } from './registry.ts';

export interface StatusPage {
  status: 200 | 401 | 503;
  headers: Readonly<Record<string, string>>;
  text: string;
}

export type StatusPath = '/metrics' | '/healthz' | '/readyz';
type Ask = Pick<IncomingMessage, 'headers'>;
export type StatusPages = Readonly<Record<StatusPath, (request: Ask) => Promise<StatusPage>>>;

export interface StatusParts {
  metrics: MetricRegistry;
  ready: () => Promise<Readiness>;
  /** that `/metrics` is read with; "" = everybody may */
  token?: string;
}

export function statusPages({ metrics, ready, token = '' }: StatusParts): StatusPages {
  return {
    '/metrics': async request =>
      token === '' || isBearer(request, token)
        ? page(200, metrics.contentType, await metrics.text())
        : page(401, 'text/plain', 'METRICS_TOKEN is needed as bearer token\n', {
            'www-authenticate': 'Bearer',
          }),
    '/healthz': async () => jsonPage(200, { status: 'ok' }),
    '/readyz': async () => {
      const answer = await ready();
      return jsonPage(answer.reasons.length === 0 ? 200 : 503, answer);
    },
  };
}

/** @param path without its query */
export function pageAt(pages: StatusPages, path: string): StatusPages[StatusPath] | null {
  const plain = path.replace(/(?<=.)\/$/, '');
  return Object.hasOwn(pages, plain) ? pages[plain as StatusPath] : null;
}

export function sendPage(response: ServerResponse, { status, headers, text }: StatusPage): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function jsonPage(status: 200 | 503, body: object): StatusPage {
  return page(status, 'application/json; charset=utf-8', JSON.stringify(body));
}

function page(
  status: StatusPage['status'],
  type: string,
  text: string,
  headers: StatusPage['headers'] = {},
): StatusPage {
  return { status, headers: { 'content-type': type, ...headers }, text };
}

/** Hashes have the same length whatever was sent, and say nothing by how long their comparison takes. */
function isBearer({ headers }: Ask, token: string): boolean {
  const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(token));
}
