import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

/** Bytes of JSON. A service is stored up to three times over while it is updated, in a document of at most 7 MiB. */
const LARGEST = 2 * 2 ** 20;

/**
 * What is not named in a request stays, so that many small requests could make something that cannot be stored.
 * @throws BODY_TOO_LARGE
 */
export function requireSize(what: string, value: object): void {
  if (Buffer.byteLength(JSON.stringify(value)) <= LARGEST) return;
  const message = `${what} would be larger than ${LARGEST} bytes, with what it has already`;
  throw new HedgerowError(ERRORS.BODY_TOO_LARGE, message);
}
