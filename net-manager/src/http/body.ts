import type { IncomingMessage } from 'node:http';
import { HedgerowError } from '@hedgerow/common';
import { badField, ERRORS } from '../errors.ts';

/** Bytes; a table of ten thousand services of three instances has about 8 MB. */
export const LARGEST_BODY = 64 * 1024 * 1024;

/** @throws BODY_TOO_LARGE, BAD_REQUEST when it is not JSON */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  // Told before it is read: leaving a stream half read closes the connection without an answer.
  refuseLarge(Number(request.headers['content-length'] ?? 0));
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    refuseLarge(size);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw badField('body', text.slice(0, 60), 'JSON');
  }
}

function refuseLarge(size: number): void {
  if (size > LARGEST_BODY) throw new HedgerowError(ERRORS.BODY_TOO_LARGE, `at most ${LARGEST_BODY} bytes`);
}
