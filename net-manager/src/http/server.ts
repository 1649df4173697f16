import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { type Address, closeServer, HedgerowError, type Logger, listen, messageOf } from '@hedgerow/common';
import { pageAt, type StatusPages, sendPage } from '@hedgerow/common/metrics';
import { type ApiError, NET_PATHS, type NetManager } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import { readJson } from './body.ts';

/** The manager checks what it is given, so a body may be anything here. */
type Handler = (net: NetManager, body: never) => Promise<unknown>;

const ROUTES: Readonly<Record<string, Handler>> = {
  [`POST ${NET_PATHS.register}`]: (net, body) => net.register(body),
  [`POST ${NET_PATHS.attach}`]: (net, body) => net.attach(body),
  [`POST ${NET_PATHS.detach}`]: (net, body) => net.detach(body),
  [`POST ${NET_PATHS.table}`]: (net, body) => net.setTable(body),
  [`POST ${NET_PATHS.entry}`]: (net, body) => net.setEntry(body),
  [`GET ${NET_PATHS.status}`]: net => net.status(),
};

export interface HttpServer {
  /** with the real port */
  address: Address;
  stop: () => Promise<void>;
}

/**
 * HTTP for a Node Engine in another process: 200 with what the call answers, else the error's status and its fields.
 * And the status pages, for whoever watches this one.
 */
export async function startHttp(
  where: Address,
  net: NetManager,
  pages: StatusPages,
  log: Logger,
): Promise<HttpServer> {
  const server = createServer((request, response) => {
    respond(net, pages, request, response).catch((error: unknown) => sendError(response, error, log));
  });
  const address = await listen(server, where);
  const stop = () => {
    const closed = closeServer(server);
    server.closeIdleConnections();
    return closed;
  };
  return { address, stop };
}

async function respond(
  net: NetManager,
  pages: StatusPages,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').replace(/\?.*$/, '').replace(/(?<=.)\/$/, '');
  const page = request.method === 'GET' ? pageAt(pages, path) : null;
  if (!page) return send(response, 200, await answer(net, path, request));
  sendPage(response, await page(request));
}

async function answer(net: NetManager, path: string, request: IncomingMessage): Promise<unknown> {
  const handler = Object.hasOwn(ROUTES, `${request.method} ${path}`)
    ? ROUTES[`${request.method} ${path}`]
    : undefined;
  if (!handler || request.headers.origin !== undefined) {
    throw new HedgerowError(ERRORS.UNKNOWN_PATH, `there is no ${request.method} ${path} here`);
  }
  const body = request.method === 'POST' ? await readJson(request) : undefined;
  return handler(net, body as never);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    // What is left of a refused body would be taken for the next request.
    ...(status === ERRORS.BODY_TOO_LARGE.http ? { connection: 'close' } : {}),
  });
  response.end(text);
}

function sendError(response: ServerResponse, error: unknown, log: Logger): void {
  const known = error instanceof HedgerowError;
  const kind = known ? error.kind : ERRORS.INTERNAL;
  if (!known) log.error({ reason: error instanceof Error ? error.stack : String(error) }, 'a request failed');
  const body: ApiError = {
    code: kind.http,
    error: kind.code,
    status: STATUS_CODES[kind.http] ?? '',
    message: messageOf(error),
    ...(known && error.errors.length > 0 ? { errors: [...error.errors] } : {}),
  };
  send(response, kind.http, body);
}
