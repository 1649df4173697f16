/** The Express application: every route with and without a trailing slash, every error as JSON. */
import type { RequestListener } from 'node:http';
import { HedgerowError, type Logger, sentenceOf } from '@hedgerow/common';
import type { Check, Checker } from '@hedgerow/common/check';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { Authenticate } from '../auth/caller.ts';
import { ERRORS } from '../errors.ts';
import { logRequests } from '../logs/requests.ts';
import type { Admission } from './admission.ts';
import { bodyReader, type ReadBody } from './body.ts';
import { cors } from './cors.ts';
import { errorHeaders, toApiError } from './errors.ts';
import { queryReader, type ReadQuery } from './query.ts';
import { giveRequestId, requestIdOf } from './request-id.ts';
import type { Route } from './route.ts';
import { plainTarget, refuseUnreadable } from './target.ts';

export interface AppDeps {
  routes: readonly Route[];
  admission: Admission;
  checker: Checker;
  authenticate: Authenticate;
  log: Logger;
  /** sees every request first */
  meter?: RequestHandler;
  /** adds what is no JSON route, such as the API page */
  extend?: (app: Express) => void;
}

export function createApp(deps: AppDeps): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  if (deps.meter) app.use(deps.meter);
  app.use(cors);
  app.use(giveRequestId);
  app.use(logRequests(deps.log));
  app.use(refuseUnreadable);
  for (const route of deps.routes) {
    const check = route.spec.body && (route.spec.body.check ?? deps.checker.compile(route.spec.body.schema));
    const query = queryReader(route.spec.query, deps.checker);
    app[route.spec.method](
      expressPath(route.spec.path),
      handler({ ...deps, route, readBody: bodyReader(route.spec.access, deps.admission), check, query }),
    );
  }
  deps.extend?.(app);
  refuseOtherMethods(app, deps.routes);
  app.use((request: Request) => {
    throw new HedgerowError(ERRORS.PATH_UNKNOWN, `there is nothing at ${request.path}; see /api/docs`);
  });
  app.use(errorHandler(deps.log));
  return (request, response) => {
    plainTarget(request);
    app(request, response);
  };
}

/** Whoever made more faults than these made one of them many times. */
const MOST_NAMED = 200;

interface HandlerParts {
  route: Route;
  admission: Admission;
  authenticate: Authenticate;
  readBody: ReadBody;
  check: Check | undefined;
  query: ReadQuery;
}

function handler({ route, admission, authenticate, readBody, check, query }: HandlerParts) {
  return async (request: Request, response: Response): Promise<void> => {
    const caller = await authenticate(route.spec.access, request.get('Authorization'));
    response.locals.user = caller?.name;
    const body = check ? checked(await readBody(request, response), check, route) : undefined;
    const params = request.params as Record<string, string>;
    const call = { params, body, query: query(request.url), caller, requestId: requestIdOf(response) };
    await admission.run(route, async () => {
      // Whoever went while he waited wants nothing any more.
      if (response.destroyed) return;
      const answer = await route.handle({ ...call, http: { request, response } });
      if (route.spec.stream === undefined) send(response, answer);
    });
  };
}

/** ms in which whoever asked must take some of the answer */
const TAKEN_WITHIN = 30_000;

function send(response: Response, answer: object | string): void {
  response.setTimeout(TAKEN_WITHIN);
  if (!Buffer.isBuffer(answer)) return void response.status(200).json(answer);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', answer.length);
  response.status(200).end(answer);
}

function checked(body: unknown, check: Check, route: Route): unknown {
  const errors = check(body);
  if (errors.length === 0) return body;
  throw new HedgerowError(route.spec.body?.error ?? ERRORS.BODY_INVALID, sentenceOf(errors), {
    errors: errors.slice(0, MOST_NAMED),
  });
}

function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function refuseOtherMethods(app: Express, routes: readonly Route[]): void {
  for (const [path, methods] of Map.groupBy(routes, route => route.spec.path)) {
    const allow = methods.map(route => route.spec.method.toUpperCase()).join(', ');
    app.all(expressPath(path), (request, response) => {
      response.setHeader('Allow', allow);
      throw new HedgerowError(
        ERRORS.METHOD_NOT_ALLOWED,
        `${request.method} is not possible here; allowed: ${allow}`,
      );
    });
  }
}

function errorHandler(log: Logger): ErrorRequestHandler {
  return (error, request, response, _next) => {
    const body = toApiError(
      error,
      log.child({ request_id: requestIdOf(response), method: request.method, path: request.path }),
    );
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.set(errorHeaders(error));
    response.status(body.code).json(body);
  };
}
