/** From whatever was thrown to the body of the answer. Foreign errors are translated here and nowhere else. */
import { STATUS_CODES } from 'node:http';
import { type ErrorKind, HedgerowError, type Logger, messageOf, STORE_ERRORS } from '@hedgerow/common';
import type { ApiError } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';

/** The causes of answers from 500 on are logged and not told. */
export function toApiError(error: unknown, log: Logger): ApiError {
  const known = knownFrom(error);
  if (known.kind.http < 500) return answerOf(known);
  // Refusing is the remedy; it is told once, by whoever refuses.
  if (known.code !== ERRORS.OVERLOADED.code)
    log.error({ error: known.code, cause: chain(error) }, 'a request failed');
  return answerOf(known, toldOf(known));
}

/** What a store says of itself is not for everybody. */
function toldOf(error: HedgerowError): string {
  if (error.code === STORE_ERRORS.STORE_FULL.code) {
    return 'the disk of the root is full: nothing was stored. What runs goes on, and reading does; try again when there is room';
  }
  return error.code.startsWith('STORE_') ? 'the store failed; try again' : error.message;
}

/** s; what the error itself does not know */
const RETRY_AFTER = 1;

/** What an answer says beside its body: how to log in, or when to try again. */
export function errorHeaders(error: unknown): Record<string, string> {
  const { kind, retryAfter } = knownFrom(error);
  return {
    ...(kind.http === 401 ? { 'WWW-Authenticate': challenge(kind) } : {}),
    ...(kind.retryable ? { 'Retry-After': String(retryAfter ?? RETRY_AFTER) } : {}),
  };
}

/** RFC 6750: a request that brought no token is told nothing more. */
function challenge({ code }: ErrorKind): string {
  const brought = code === ERRORS.TOKEN_INVALID.code || code === ERRORS.TOKEN_EXPIRED.code;
  return brought ? 'Bearer error="invalid_token"' : 'Bearer';
}

function knownFrom(error: unknown): HedgerowError {
  return error instanceof HedgerowError ? error : translate(error);
}

export function answerOf({ kind, errors, message: own }: HedgerowError, message = own): ApiError {
  return {
    code: kind.http,
    error: kind.code,
    status: STATUS_CODES[kind.http] ?? 'Error',
    message,
    ...(errors.length > 0 ? { errors: [...errors] } : {}),
  };
}

const OF_STATUS: Record<number, ErrorKind> = {
  400: ERRORS.REQUEST_INVALID,
  413: ERRORS.BODY_TOO_LARGE,
  415: ERRORS.BODY_UNSUPPORTED,
};

/** Express and its body parser throw errors with a `status` below 500 and a message meant for the client. */
function translate(error: unknown): HedgerowError {
  const { status } = error as { status?: unknown };
  const kind = typeof status === 'number' ? OF_STATUS[status] : undefined;
  if (kind) return new HedgerowError(kind, messageOf(error), { cause: error });
  return new HedgerowError(ERRORS.INTERNAL, 'an error in the root; its log says more', { cause: error });
}

function chain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${chain(error.cause)}`;
}
