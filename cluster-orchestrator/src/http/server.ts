import { createServer, type Server } from 'node:http';
import type { Logger } from '@hedgerow/common';
import express, { type RequestHandler } from 'express';
import { errorHandler, notFound } from './errors.ts';
import type { Route } from './route.ts';

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
  return createServer(app);
}
