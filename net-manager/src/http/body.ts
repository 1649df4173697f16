import type { IncomingMessage } from 'node:http';
import { HedgerowError } from '@hedgerow/common';
import { badField, ERRORS } from '../errors.ts';

/** Bytes; a table of ten thousand services of three instances has about 8 MB. */
export const LARGEST_TABLE = 64 * 1024 * 1024;
/** Bytes of any other body. */
export const LARGEST_BODY = 64 * 1024;

/** Bodies as they come in; all together they take no more memory than the largest one may. */
export class Intake {
  #held = 0;

  /** @throws BODY_TOO_LARGE, TOO_BUSY, BAD_REQUEST when it is not JSON */
  async json(request: IncomingMessage, most: number): Promise<unknown> {
    // Told before it is read: leaving a stream half read closes the connection without an answer.
    refuseLarge(Number(request.headers['content-length'] ?? 0), most);
    const text = await this.#text(request, most);
    try {
      return JSON.parse(text);
    } catch {
      throw badField('body', text.slice(0, 60), 'JSON');
    }
  }

  async #text(request: IncomingMessage, most: number): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length;
        this.#held += chunk.length;
        refuseLarge(size, most);
        if (this.#held > LARGEST_TABLE) throw tooBusy();
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString('utf8');
    } finally {
      this.#held -= size;
    }
  }
}

function refuseLarge(size: number, most: number): void {
  if (size > most) throw new HedgerowError(ERRORS.BODY_TOO_LARGE, `at most ${most} bytes`);
}

function tooBusy(): HedgerowError {
  return new HedgerowError(
    ERRORS.TOO_BUSY,
    'other requests are being read; the same one will be taken later',
  );
}
