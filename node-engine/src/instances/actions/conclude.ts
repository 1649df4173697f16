import type { Observed } from '../../runtimes/runtime.ts';
import type { Context } from '../context.ts';
import type { Desired } from '../desired.ts';
import { ending } from '../sentences.ts';
import type { Slot } from '../slot.ts';
import { clear, clearAway } from './clear.ts';
import { lastLines, sequel } from './sequel.ts';

/** The program ended by itself: says why, and clears away. @returns ms to wait before the next step */
export async function conclude(
  context: Context,
  slot: Slot,
  desired: Desired,
  seen: Observed,
): Promise<number> {
  slot.monitor?.stop();
  const delay = await sequel(context, slot, desired, {
    end: { what: 'exit', code: seen.exitCode },
    container: seen.container,
    how: ending(seen, desired.deploy.memory),
    what: 'restart',
    logs: await lastLines(context, slot, seen.container),
  });
  if (delay === null) await clear(context, slot);
  else await clearAway(context, slot, { gracefully: false });
  return delay ?? 0;
}
