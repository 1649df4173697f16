import type { Clock } from '../clock.ts';

interface Timer {
  at: number;
  callback: () => void;
}

/** A clock that only moves when told to. `jump` moves the wall clock alone, as an operator or NTP would. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
  jump(ms: number): void;
}

export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let elapsed = 0;
  let skew = 0;
  const timers = new Set<Timer>();
  const due = (until: number) =>
    [...timers].filter(timer => timer.at <= until).sort((a, b) => a.at - b.at)[0];
  return {
    now: () => start + skew + elapsed,
    monotonic: () => elapsed,
    after(ms, callback) {
      const timer = { at: elapsed + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      const until = elapsed + ms;
      for (let timer = due(until); timer; timer = due(until)) {
        timers.delete(timer);
        elapsed = Math.max(elapsed, timer.at);
        timer.callback();
      }
      elapsed = until;
    },
    jump(ms) {
      skew += ms;
    },
  };
}
