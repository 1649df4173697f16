/** Time is injected: wall clock for people, monotonic for durations, timers that tests can turn by hand. */
export interface Clock {
  /** ms since the epoch; may jump */
  now(): number;
  /** ms since some fixed point; never jumps */
  monotonic(): number;
  /** Calls back once after `ms`. @returns a function that cancels */
  after(ms: number, callback: () => void): () => void;
}

/** Timers do not keep the process alive: sockets and servers do. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** Calls back every `ms` until cancelled; the next turn starts after the callback's promise has settled. */
export function every(clock: Clock, ms: number, callback: () => void | Promise<void>): () => void {
  let stopped = false;
  let cancel = (): void => {};
  const schedule = (): void => {
    if (!stopped) cancel = clock.after(ms, turn);
  };
  const turn = (): void => {
    Promise.resolve()
      .then(callback)
      .then(schedule, (error: unknown) => {
        schedule();
        throw error;
      });
  };
  schedule();
  return () => {
    stopped = true;
    cancel();
  };
}
