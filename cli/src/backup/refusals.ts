import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

export function inUse(message: string): HedgerowError {
  return new HedgerowError(ERRORS.STORE_IN_USE, message);
}

export function notEmpty(name: string): HedgerowError {
  const message = `${name} holds something already; --force replaces all of it`;
  return new HedgerowError(ERRORS.STORE_NOT_EMPTY, message);
}
