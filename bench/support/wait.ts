import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks `ready` until it answers with something.
 * @param gap ms between two questions
 * @throws naming what was waited for, after `ms`
 */
export async function waitUntil<T>(
  what: string,
  ms: number,
  gap: number,
  ready: () => Promise<T | null | undefined | false>,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await ready();
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await delay(gap);
  }
}
