import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';

/**
 * Waits for `work`, but no longer than its result is wanted; its own failure is heard also when nobody waits any more.
 * @throws SUPERSEDED
 */
export async function unlessSuperseded<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(superseded());
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** @throws SUPERSEDED */
export function throwIfSuperseded(signal: AbortSignal): void {
  if (signal.aborted) throw superseded();
}

function superseded(): HedgerowError {
  return new HedgerowError(ERRORS.SUPERSEDED, 'something else is wanted now');
}
