import type { Server } from 'node:http';
import { type Logger, type ServerLimits, smallServer } from '@hedgerow/common';
import express, { type RequestHandler } from 'express';
import { errorHandler, notFound } from './errors.ts';
import type { Route } from './route.ts';

/**
 * What a worker or an operator sends is small and comes at once; who is slower than that holds up nobody. All workers of
 * a site may come at the same time.
 */
const LIMITS: ServerLimits = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 5000,
  connections: 5000,
};

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
  return smallServer(app, LIMITS);
}
