/** What the driver throws, told as errors of the store; never with the password of the URL. */
import { MongoServerError, MongoWriteConcernError } from 'mongodb';
import { HedgerowError, messageOf } from '../../errors.ts';
import { STORE_ERRORS } from '../store.ts';

/** MongoDB's names: https://www.mongodb.com/docs/manual/reference/error-codes/ */
const CODES = { DuplicateKey: 11000, OutOfDiskSpace: 14031 } as const;

/** Programming errors and our own pass as they are. */
export function translated(where: string, error: unknown): Error {
  if (error instanceof HedgerowError || error instanceof TypeError) return error;
  const full = error instanceof MongoServerError && error.code === CODES.OutOfDiskSpace;
  const kind = full ? STORE_ERRORS.STORE_FULL : STORE_ERRORS.STORE_FAILED;
  return new HedgerowError(kind, `store ${where}: ${redact(messageOf(error))}`, { cause: error });
}

export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === CODES.DuplicateKey;
}

/**
 * Is it unknown whether the write happened, so that a second try can tell? Not when the server did write and only its
 * copies did not confirm it in time: a second try would find the write and know no more.
 */
export function isLostAnswer(error: unknown): boolean {
  if (error instanceof HedgerowError || error instanceof TypeError) return false;
  return !(error instanceof MongoWriteConcernError);
}

/** A URL, or any text with URLs, without user names and passwords; for logs. */
export function redact(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"]*@/gi, '$1***@');
}
