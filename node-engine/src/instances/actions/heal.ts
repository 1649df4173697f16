import type { Observed } from '../../runtimes/runtime.ts';
import type { Context } from '../context.ts';
import type { Desired } from '../desired.ts';
import type { Slot } from '../slot.ts';
import { clear, clearAway } from './clear.ts';
import { lastLines, sequel } from './sequel.ts';
import { unlessSuperseded } from './superseded.ts';

/** ms that flows have to end in after the instance has left the service IP */
const LEAVING = 250;
/** ms that a Net Manager that does not answer is waited for */
const PATIENCE = 1000;

/**
 * It has failed its health check: first it leaves the service IP, here and everywhere, then it is stopped.
 * @returns ms to wait before the next step
 */
export async function heal(context: Context, slot: Slot, desired: Desired, seen: Observed): Promise<number> {
  const why = slot.monitor?.why ?? '';
  const left = context.overlay?.gateway.exclude({ serviceName: slot.jobName, instanceNumber: slot.number });
  const lines = lastLines(context, slot, seen.container);
  const delay = await sequel(context, slot, desired, {
    end: { what: 'unhealthy' },
    container: seen.container,
    how: `unhealthy: ${why}`,
    what: 'restart',
    lines,
  });
  const gone = Promise.race([left, pause(context, PATIENCE)]).then(() => pause(context, LEAVING));
  await unlessSuperseded(Promise.all([gone, lines]), slot.change.signal);
  if (delay === null) await clear(context, slot);
  else await clearAway(context, slot, { gracefully: true });
  return delay ?? 0;
}

function pause({ clock }: Context, ms: number): Promise<void> {
  return new Promise(resolve => void clock.after(ms, resolve));
}
