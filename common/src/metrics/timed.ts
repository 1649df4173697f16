/**
 * Runs an action and tells how it went.
 * @param ended gets the seconds that it took, whether it failed or not
 */
export async function timed<R>(
  action: () => Promise<R>,
  ended: (seconds: number) => void,
  failed: (error: unknown) => void,
): Promise<R> {
  const start = performance.now();
  try {
    return await action();
  } catch (error) {
    failed(error);
    throw error;
  } finally {
    ended((performance.now() - start) / 1000);
  }
}
