/** A small HTTP server for a process that has no other one. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { messageOf } from '../errors.ts';
import type { Running } from '../lifecycle.ts';
import { closeServer, formatAddress, listen, parseAddress } from '../listen.ts';
import type { Logger } from '../logger.ts';
import { type ServerLimits, SMALL, smallServer } from '../small-server.ts';
import { pageAt, type StatusPages, sendPage } from './status-pages.ts';

export const STATUS_PORT = 10200;

export interface StatusServer extends Running {
  /** where it listens; "" when it does not */
  address: string;
}

/**
 * @param where `host:port` or `unix:/path`; "" for none
 * @returns also when it cannot listen: nobody can look then, but the work goes on
 */
export async function startStatusServer(
  where: string,
  pages: StatusPages,
  log: Logger,
  limits: ServerLimits = SMALL,
): Promise<StatusServer> {
  const none = { address: '', stop: async () => {} };
  if (where === '') return none;
  const server = smallServer((request, response) => {
    answer(pages, request, response).catch((error: unknown) => {
      log.error({ path: request.url, error: messageOf(error) }, 'a status page failed');
      send(response, 500, 'text/plain', 'the log says more\n');
    });
  }, limits);
  try {
    const address = formatAddress(await listen(server, parseAddress(where, STATUS_PORT)));
    return { address, stop: () => stop(server) };
  } catch (error) {
    log.warn(
      { error: messageOf(error) },
      'no status pages: metrics and health of this process are not served',
    );
    return none;
  }
}

function stop(server: Server): Promise<void> {
  const closed = closeServer(server);
  server.closeAllConnections();
  return closed;
}

async function answer(pages: StatusPages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const page = pageAt(pages, (request.url ?? '').replace(/\?.*$/, ''));
  if (!page) return send(response, 404, 'text/plain', `there are ${Object.keys(pages).join(', ')}\n`);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return send(response, 405, 'text/plain', 'only GET is possible here\n');
  }
  sendPage(response, await page(request));
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
