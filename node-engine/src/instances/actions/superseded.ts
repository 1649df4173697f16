import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';
import type { Desired } from '../desired.ts';
import type { Slot } from '../slot.ts';

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

/** @throws SUPERSEDED unless `desired` is what the slot has to run still */
export function throwIfReplaced(slot: Slot, desired: Desired): void {
  if (slot.desired !== desired) throw superseded();
}

function superseded(): HedgerowError {
  return new HedgerowError(ERRORS.SUPERSEDED, 'something else is wanted now');
}
