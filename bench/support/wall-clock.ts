/**
 * Wall-clock time in ms with microseconds behind the point, comparable with the times that programs in containers
 * print. The monotonic clock is tied to the wall clock at a tick of the latter, anew for each measurement, because
 * NTP may slew one against the other.
 */
export interface WallClock {
  now(): number;
}

export function tieToWallClock(): WallClock {
  const before = Date.now();
  let tick = before;
  while (tick === before) tick = Date.now();
  const offset = tick - performance.now();
  return { now: () => offset + performance.now() };
}
