/** Reads a request's body as JSON. */
import { HedgerowError } from '@hedgerow/common';
import express, { type Request, type Response } from 'express';
import { ERRORS } from '../errors.ts';
import type { Admission } from './admission.ts';
import { limitShape } from './limits.ts';
import type { Access } from './route.ts';

/** Bytes. A service takes about 500, so this is a descriptor of some 4,000 services. */
const LARGEST_BODY = 2 * 1024 * 1024;
/** Bytes of one that anybody may send: names and passwords. */
const LARGEST_OPEN = 16 * 1024;

export type ReadBody = (request: Request, response: Response) => Promise<unknown>;

/**
 * Whatever its Content-Type: the command line clients do not always send one.
 * @throws (the reader) OVERLOADED, BODY_MISSING, BODY_NOT_JSON, BODY_TOO_LARGE
 */
export function bodyReader(access: Access, admission: Admission): ReadBody {
  const limit = access === 'open' ? LARGEST_OPEN : LARGEST_BODY;
  const readText = express.text({ type: () => true, limit });
  return async (request, response) => {
    // What has no length, or is packed, may become as long as it likes.
    const plain = request.headers['content-encoding'] === undefined;
    const bytes = Math.min(limit, plain ? Number(request.headers['content-length'] ?? limit) : limit);
    await admission.body(
      bytes,
      () =>
        new Promise<void>((resolve, reject) => {
          readText(request, response, error => (error ? reject(error) : resolve()));
        }),
    );
    const body = parseJson(typeof request.body === 'string' ? request.body : '');
    limitShape(body);
    return body;
  };
}

/** @throws BODY_MISSING, or BODY_NOT_JSON with the place of the first bad character */
function parseJson(text: string): unknown {
  if (text.trim() === '') throw new HedgerowError(ERRORS.BODY_MISSING, 'the request needs a JSON body');
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = (cause as SyntaxError).message;
    const position = positionOf(why, text);
    throw new HedgerowError(ERRORS.BODY_NOT_JSON, `the body is not JSON: ${sentence(why, text, position)}`, {
      cause,
      errors: [{ path: '', found: text.slice(position, position + 20), allowed: 'JSON' }],
    });
  }
}

function sentence(why: string, text: string, position: number): string {
  const before = text.slice(0, position).split('\n');
  const what = why.replace(/ in JSON at position .*$|, (\.\.\.)?".*$|( in)? JSON input$/s, '');
  return `${what} at position ${position} (line ${before.length} column ${(before.at(-1) ?? '').length + 1})`;
}

/** V8 names the position in most of its messages, but neither at the end of the text nor inside a literal. */
function positionOf(why: string, text: string): number {
  const named = /at position (\d+)/.exec(why);
  if (named) return Number(named[1]);
  return why.startsWith('Unexpected token') ? firstUnexpectedToken(text) : text.length;
}

/** Every text that holds the bad character gives the same complaint, every shorter one another: so halve. */
function firstUnexpectedToken(text: string): number {
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (complainsOfToken(text.slice(0, middle))) bad = middle;
    else good = middle;
  }
  return bad - 1;
}

function complainsOfToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return (error as SyntaxError).message.startsWith('Unexpected token');
  }
}
