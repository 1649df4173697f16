/** One route: method, path, what its body must be, what it does. */
import { type FieldError, HedgerowError } from '@hedgerow/common';
import { type Check, createChecker } from '@hedgerow/common/check';
import type { Request, RequestHandler, Response } from 'express';
import { ERRORS } from '../errors.ts';

export interface Route {
  method: 'get' | 'post' | 'delete';
  /** Express' form: `/api/workers/:id` */
  path: string;
  handle: RequestHandler;
}

/** @param handler its result is the answer, as JSON with status 200 */
export function route(
  method: Route['method'],
  path: string,
  handler: (request: Request, response: Response) => object | Promise<object>,
): Route {
  return {
    method,
    path,
    handle: async (request, response) => {
      response.json(await handler(request, response));
    },
  };
}

/** @returns a reader of the body that throws BODY_INVALID naming each bad field */
export function bodyReader<T>(schema: object): (request: Request) => T {
  const check: Check = createChecker().compile(schema);
  return request => {
    const errors = check(request.body ?? {});
    if (errors.length === 0) return request.body as T;
    throw new HedgerowError(ERRORS.BODY_INVALID, sentence(errors), { errors });
  };
}

/** @returns the token of the `authorization` header, "" when there is none */
export function bearer(request: Request): string {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
}

function sentence(errors: readonly FieldError[]): string {
  const paths = errors.map(error => error.path || 'the body').join(', ');
  return `${errors.length === 1 ? 'one field is' : `${errors.length} fields are`} not as required: ${paths}`;
}
