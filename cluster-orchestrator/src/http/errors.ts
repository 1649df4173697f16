import { STATUS_CODES } from 'node:http';
import { HedgerowError, type Logger, messageOf } from '@hedgerow/common';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { ERRORS } from '../errors.ts';

/** What Express and its body parser throw: http-errors with a `status` and, from the parser, a `type`. */
interface ForeignError {
  status?: number;
  type?: string;
}

export const notFound: RequestHandler = (request, _response, next) => {
  next(new HedgerowError(ERRORS.PATH_UNKNOWN, `there is no ${request.method} ${request.path}`));
};

/** `{code, error, status, message, errors?}`; `code` is the HTTP number, as Oakestra's clients expect. */
export function errorHandler(log: Logger): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const error = translate(thrown);
    const { http, code } = error.kind;
    if (http >= 500) log.error({ path: request.path, code, error: messageOf(thrown) }, 'request failed');
    const wait = retryAfter(error);
    if (wait !== null) response.setHeader('retry-after', String(wait));
    response.status(http).json({
      code: http,
      error: code,
      status: STATUS_CODES[http] ?? '',
      message: error.message,
      ...(error.errors.length > 0 ? { errors: error.errors } : {}),
    });
  };
}

/** 503 and 507: the store, the root or the broker is away or full, and may be back soon; 429 knows best itself. */
function retryAfter({ kind, retryAfter: seconds }: HedgerowError): number | null {
  if (seconds !== null) return seconds;
  return kind.retryable && (kind.http === 429 || kind.http === 503 || kind.http === 507) ? 1 : null;
}

function translate(thrown: unknown): HedgerowError {
  if (thrown instanceof HedgerowError) return thrown;
  const { type, status } = thrown as ForeignError;
  const cause = { cause: thrown };
  if (type === 'entity.parse.failed') {
    return new HedgerowError(ERRORS.BODY_NOT_JSON, 'the body is not JSON', cause);
  }
  if (type === 'entity.too.large') {
    return new HedgerowError(ERRORS.BODY_TOO_LARGE, 'the body is too large', cause);
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new HedgerowError(ERRORS.REQUEST_INVALID, messageOf(thrown), cause);
  }
  return new HedgerowError(ERRORS.INTERNAL, 'something went wrong here; the log has the cause', cause);
}
