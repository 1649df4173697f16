import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

export interface EventuallyOptions {
  /** ms */
  timeout?: number;
  /** ms between two looks */
  every?: number;
}

/**
 * Looks again and again until what it sees is as wanted. For what sends no event.
 * @returns what it saw; @throws with what it saw last, or with the last error
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  wanted: (value: T) => boolean,
  { timeout = 10_000, every = 30 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const seen = await attempt(look);
    if ('value' in seen && wanted(seen.value)) return seen.value;
    if (performance.now() > deadline) throw tooLate(what, timeout, seen);
    await delay(every);
  }
}

type Seen<T> = { value: T } | { error: unknown };

async function attempt<T>(look: () => T | Promise<T>): Promise<Seen<T>> {
  try {
    return { value: await look() };
  } catch (error) {
    return { error };
  }
}

function tooLate(what: string, timeout: number, seen: Seen<unknown>): Error {
  if ('error' in seen) return new Error(`${what}: not within ${timeout} ms`, { cause: seen.error });
  return new Error(`${what}: not within ${timeout} ms; last seen: ${inspect(seen.value, { depth: 6 })}`);
}
