import type { Observed } from '../../runtimes/runtime.ts';
import type { Context } from '../context.ts';
import type { Desired } from '../desired.ts';
import { ending } from '../sentences.ts';
import type { Slot } from '../slot.ts';
import { clear, clearAway, setAside } from './clear.ts';
import { lastLines, sequel } from './sequel.ts';

/**
 * The program ended by itself: says why, and clears away; what is started again at once waits neither for its last lines
 * nor for the removal of what was there. @returns ms to wait before the next step
 */
export async function conclude(
  context: Context,
  slot: Slot,
  desired: Desired,
  seen: Observed,
): Promise<number> {
  slot.monitor?.stop();
  const lines = lastLines(context, slot, seen.container);
  const delay = await sequel(context, slot, desired, {
    end: { what: 'exit', code: seen.exitCode },
    container: seen.container,
    how: ending(seen, desired.deploy.memory),
    what: 'restart',
    lines,
  });
  if (delay === 0) await setAside(context, slot, seen);
  else await lines;
  if (delay === null) await clear(context, slot);
  else if (delay > 0) await clearAway(context, slot, { gracefully: false });
  return delay ?? 0;
}
