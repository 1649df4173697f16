/**
 * What a request line may name beside a path: a whole URL, as for a proxy (RFC 9112, 3.2.2). Express would read it by itself,
 * and answer one that cannot be read with a page of its own.
 */
import type { IncomingMessage } from 'node:http';
import { HedgerowError } from '@hedgerow/common';
import type { NextFunction, Request, Response } from 'express';
import { ERRORS } from '../errors.ts';

const UNREADABLE = '/unreadable-request-target';

/** Before Express sees it: leaves nothing but a path and its query. */
export function plainTarget(request: IncomingMessage): void {
  const { url = '/' } = request;
  if (url.startsWith('/') || url === '*') return;
  const whole = URL.canParse(url) ? new URL(url) : null;
  request.url = whole?.pathname.startsWith('/') ? whole.pathname + whole.search : UNREADABLE;
}

/** @throws REQUEST_INVALID */
export function refuseUnreadable(request: Request, _response: Response, next: NextFunction): void {
  if (request.url === UNREADABLE) throw invalid('the request line names neither a path nor a URL');
  if (request.headers.host === undefined && request.httpVersion === '1.1')
    throw invalid('a request of HTTP/1.1 names its host');
  next();
}

function invalid(message: string): HedgerowError {
  return new HedgerowError(ERRORS.REQUEST_INVALID, message);
}
