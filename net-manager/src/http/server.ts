import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import {
  type Address,
  closeServer,
  HedgerowError,
  type Logger,
  listen,
  messageOf,
  type ServerLimits,
  SMALL,
  smallServer,
} from '@hedgerow/common';
import { pageAt, type StatusPages, sendPage } from '@hedgerow/common/metrics';
import { type ApiError, NET_PATHS, type NetManager } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import { Intake, LARGEST_BODY, LARGEST_TABLE } from './body.ts';

/** The manager checks what it is given, so a body may be anything here. */
type Handler = (net: NetManager, body: never) => Promise<unknown>;

const ROUTES: Readonly<Record<string, Handler>> = {
  [`POST ${NET_PATHS.register}`]: (net, body) => net.register(body),
  [`POST ${NET_PATHS.attach}`]: (net, body) => net.attach(body),
  [`POST ${NET_PATHS.detach}`]: (net, body) => net.detach(body),
  [`POST ${NET_PATHS.table}`]: (net, body) => net.setTable(body),
  [`POST ${NET_PATHS.entry}`]: (net, body) => net.setEntry(body),
  [`GET ${NET_PATHS.table}`]: net => net.table(),
  [`GET ${NET_PATHS.status}`]: net => net.status(),
};

/** All but tables are a few hundred bytes. */
const MOST: Readonly<Record<string, number>> = {
  [NET_PATHS.table]: LARGEST_TABLE,
  [NET_PATHS.entry]: LARGEST_TABLE,
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
  limits: ServerLimits = SMALL,
): Promise<HttpServer> {
  const parts = { net, pages, intake: new Intake() };
  const server = smallServer((request, response) => {
    respond(parts, request, response).catch((error: unknown) => sendError(response, error, log));
  }, limits);
  const address = await listen(server, where);
  const stop = () => {
    const closed = closeServer(server);
    server.closeIdleConnections();
    return closed;
  };
  return { address, stop };
}

interface Parts {
  net: NetManager;
  pages: StatusPages;
  intake: Intake;
}

async function respond(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').replace(/\?.*$/, '').replace(/(?<=.)\/$/, '');
  const page = request.method === 'GET' ? pageAt(parts.pages, path) : null;
  if (!page) return send(response, 200, await answer(parts, path, request));
  sendPage(response, await page(request));
}

async function answer({ net, intake }: Parts, path: string, request: IncomingMessage): Promise<unknown> {
  const handler = Object.hasOwn(ROUTES, `${request.method} ${path}`)
    ? ROUTES[`${request.method} ${path}`]
    : undefined;
  if (!handler || request.headers.origin !== undefined) {
    throw new HedgerowError(ERRORS.UNKNOWN_PATH, `there is no ${request.method} ${path} here`);
  }
  const body = request.method === 'POST' ? await intake.json(request, MOST[path] ?? LARGEST_BODY) : undefined;
  return handler(net, body as never);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    // What is left of a refused body would be taken for the next request.
    ...(status >= 400 ? { connection: 'close' } : {}),
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
