import type { Clock } from '@hedgerow/common';

/** ms that are waited at a time: in between, answers that lie there are read */
const SLICE = 250;
/** ms that a timer is late in a process that stood still, and not on a machine that is merely busy */
const STILL = 1000;

export interface Wait {
  /** Has the process stood still since it began? */
  readonly stoodStill: boolean;
  cancel(): void;
}

/**
 * Calls back after `ms` in which this process could have heard an answer. In one that was stopped for longer than that
 * (SIGSTOP, a machine that slept) a single timer would run out before what has come meanwhile is read.
 */
export function whileAwake(clock: Clock, ms: number, callback: () => void): Wait {
  const wait = { stoodStill: false, cancel: () => {} };
  const next = (left: number): void => {
    const due = clock.monotonic() + Math.min(left, SLICE);
    wait.cancel = clock.after(Math.min(left, SLICE), () => {
      const still = clock.monotonic() - due > STILL;
      wait.stoodStill ||= still;
      const rest = still ? Math.max(left - SLICE, SLICE) : left - SLICE;
      if (rest > 0) next(rest);
      else callback();
    });
  };
  next(ms);
  return {
    get stoodStill() {
      return wait.stoodStill;
    },
    cancel: () => wait.cancel(),
  };
}
