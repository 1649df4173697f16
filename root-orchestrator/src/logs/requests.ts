import type { Logger } from '@hedgerow/common';
import { routeOf } from '@hedgerow/common/metrics';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { requestIdOf } from '../http/request-id.ts';

/** Whoever asks whether the root is well asks every few seconds. */
const QUIET: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** One line for each request, when its answer has ended. No path, no query: only the route is known to hold no secret. */
export function logRequests(log: Logger): RequestHandler {
  return (request: Request, response: Response, next: NextFunction): void => {
    const begun = performance.now();
    response.once('close', () => {
      const route = routeOf(request);
      const fields = {
        request_id: requestIdOf(response),
        method: request.method,
        route,
        status: response.statusCode,
        ms: Math.round((performance.now() - begun) * 10) / 10,
        ...(response.locals.user === undefined ? {} : { user: response.locals.user }),
        ...(response.writableFinished ? {} : { cut: true }),
      };
      log[QUIET.has(route) ? 'debug' : 'info'](fields, 'request answered');
    });
    next();
  };
}
