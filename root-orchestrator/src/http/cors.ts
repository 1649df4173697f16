/** The dashboard is served from another origin: every path, errors too, may be read from anywhere. No cookies are used. */
import type { NextFunction, Request, Response } from 'express';

const SECONDS_TO_KEEP = '600';

export function cors(request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Expose-Headers', 'Retry-After, WWW-Authenticate, X-Request-Id');
  if (request.method !== 'OPTIONS') {
    next();
    return;
  }
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
  response.setHeader(
    'Access-Control-Allow-Headers',
    request.get('Access-Control-Request-Headers') ?? 'authorization, content-type',
  );
  response.setHeader('Access-Control-Max-Age', SECONDS_TO_KEEP);
  response.status(204).end();
}
