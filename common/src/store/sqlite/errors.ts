import { HedgerowError, messageOf } from '../../errors.ts';
import { STORE_ERRORS } from '../store.ts';

/** SQLite result codes keep the primary one in the low byte; 13 is SQLITE_FULL. Programming errors pass as they are. */
export function translated(where: string, error: unknown): Error {
  if (error instanceof HedgerowError || error instanceof TypeError) return error;
  const { errcode = 0, code = '' } = error as { errcode?: number; code?: string };
  const full = (errcode & 255) === 13 || code === 'ENOSPC';
  const kind = full ? STORE_ERRORS.STORE_FULL : STORE_ERRORS.STORE_FAILED;
  return new HedgerowError(kind, `store ${where}: ${messageOf(error)}`, { cause: error });
}

/** Runs it and translates what it throws. */
export function translate<R>(where: string, action: () => R): R {
  try {
    return action();
  } catch (error) {
    throw translated(where, error);
  }
}
