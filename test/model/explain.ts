import { printEvent } from './events.ts';
import type { Verdict } from './run.ts';

/** For people: what was wrong, what had happened, and how to see it again. */
export function explain({ seed, temper, events, wrong, convergedIn, lasted }: Verdict): string {
  const times = `${Math.round(lasted / 1000)} s of simulated time`;
  if (wrong.length === 0)
    return `seed ${seed} (${temper}): well, ${times}, as it should be after ${convergedIn / 1000} s`;
  return [
    `seed ${seed} (${temper}): WRONG, after ${times}`,
    ...wrong.map(line => `  ${line}`),
    'events:',
    ...events.map(event => `  ${printEvent(event)}`),
    `again: npm run soak -- --schedules 1 --seed ${seed} --trace (or --shrink)`,
  ].join('\n');
}
