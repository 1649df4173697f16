/** The id of a request: the caller's `X-Request-Id`, or a new one. It goes into every log line of what the request causes. */
import { randomBytes } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

const HEADER = 'X-Request-Id';
const PLAIN = /^[A-Za-z0-9._:-]{1,64}$/;

export function giveRequestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.get(HEADER) ?? '';
  response.setHeader(HEADER, PLAIN.test(given) ? given : randomBytes(8).toString('hex'));
  next();
}

export function requestIdOf(response: Response): string {
  return String(response.getHeader(HEADER) ?? '');
}
