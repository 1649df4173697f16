/** Something that may happen later. @returns what stops listening for it */
type Cause = (happened: () => void) => () => void;

/** Resolves when the first of these happens, or the signal comes; then nothing is left of any of them. */
export function wait(signal: AbortSignal, ...causes: readonly Cause[]): Promise<void> {
  return new Promise(resolve => {
    const stops: (() => void)[] = [];
    const done = () => {
      for (const stop of stops) stop();
      signal.removeEventListener('abort', done);
      resolve();
    };
    for (const cause of causes) stops.push(cause(done));
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
