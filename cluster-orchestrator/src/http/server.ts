import { createServer, type Server } from 'node:http';
import type { Logger } from '@hedgerow/common';
import express, { type RequestHandler } from 'express';
import { errorHandler, notFound } from './errors.ts';
import type { Route } from './route.ts';

/** What a worker or an operator sends is small and comes at once; who is slower than that holds up nobody. */
const LIMITS = {
  /** bytes of all headers of a request; more is a 431 */
  maxHeaderSize: 16_384,
  /** ms for the headers, also of a connection on which nothing has come yet; then 408 */
  headersTimeout: 10_000,
  /** ms for the whole request */
  requestTimeout: 30_000,
  /** ms between two requests on one connection */
  keepAliveTimeout: 5000,
  /** ms between two looks at who is too slow */
  connectionsCheckingInterval: 5000,
} as const;
/** Connections at a time; a further one is closed at once. */
const MOST_CONNECTIONS = 5000;

/** The server is not listening yet. */
export function createHttpServer(routes: readonly Route[], meter: RequestHandler, log: Logger): Server {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(meter);
  app.use(express.json({ limit: '256kb' }));
  for (const { method, path, handle } of routes) app[method](path, handle);
  app.use(notFound);
  app.use(errorHandler(log));
  const server = createServer(LIMITS, app);
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}
