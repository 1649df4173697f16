import assert from 'node:assert/strict';

/** Waits until something is so that tells nobody when it is. @param limit ms */
export async function eventually(
  what: string,
  wanted: () => Promise<boolean> | boolean,
  limit = 15_000,
): Promise<void> {
  const deadline = performance.now() + limit;
  while (!(await wanted())) {
    assert.ok(performance.now() < deadline, `${what}: not within ${limit} ms`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
