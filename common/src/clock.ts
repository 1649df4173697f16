/** Time is injected: wall clock for people, monotonic for durations, timers that tests can turn by hand. */
export interface Clock {
  /** ms since the epoch; may jump */
  now(): number;
  /** ms since some fixed point; never jumps */
  monotonic(): number;
  /** Calls back once after `ms`, at most 2^31 - 1 (24 days). @returns a function that cancels */
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

export interface Pause {
  /** resolves when the time is over, or at `end` */
  readonly over: Promise<void>;
  end(): void;
}

/** A wait of `ms` that can be cut short. */
export function pause(clock: Clock, ms: number): Pause {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(ms, resolve);
  return {
    over: promise,
    end() {
      cancel();
      resolve();
    },
  };
}

/**
 * Calls back every `ms` until cancelled; the next turn is counted from the moment the callback's promise has settled,
 * so turns never overlap. A failed turn goes to `onError` and the next one comes all the same; without `onError` it
 * is an uncaught error and ends the process, as it would from any timer.
 */
export function every(
  clock: Clock,
  ms: number,
  callback: () => void | Promise<void>,
  onError: (error: unknown) => void = crash,
): () => void {
  let stopped = false;
  let cancel = (): void => {};
  const schedule = (): void => {
    if (!stopped) cancel = clock.after(ms, turn);
  };
  const failed = (error: unknown): void => {
    schedule();
    onError(error);
  };
  const turn = (): void => {
    try {
      const running = callback();
      if (running) running.then(schedule, failed);
      else schedule();
    } catch (error) {
      failed(error);
    }
  };
  schedule();
  return () => {
    stopped = true;
    cancel();
  };
}

/** Thrown outside the promise chain, so that it is an uncaught exception with its own stack. */
function crash(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
