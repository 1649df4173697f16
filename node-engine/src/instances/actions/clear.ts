import type { Context } from '../context.ts';
import type { Slot } from '../slot.ts';
import { stopMonitor } from './running.ts';

/** Removes the container, its hold with it. The network stays attached: the next start takes the same address. */
export async function clearAway(
  context: Context,
  slot: Slot,
  { gracefully }: { gracefully: boolean },
): Promise<void> {
  const { seen } = slot;
  stopMonitor(slot);
  if (seen && gracefully) await context.runtime.stop(seen.container);
  if (seen) {
    await context.readers.settled(seen.container);
    await context.runtime.remove(seen.container);
  }
  context.overlay?.holds.drop(context.runtime.nameOf(slot.jobName, slot.number));
  slot.seen = null;
  slot.wiredPid = null;
  slot.takenAlong = false;
}

/** The container of one that is not run again, and its address. */
export async function clear(context: Context, slot: Slot): Promise<void> {
  await clearAway(context, slot, { gracefully: slot.seen?.state === 'running' });
  await detach(context, slot);
}

/** Stops, detaches, removes, tells UNDEPLOYED and forgets; of what was there, whatever has been wanted since. */
export async function remove(context: Context, slot: Slot): Promise<void> {
  const { report } = slot;
  stopMonitor(slot);
  if (slot.seen?.state === 'running') await context.runtime.stop(slot.seen.container);
  await detach(context, slot);
  await clearAway(context, slot, { gracefully: false });
  context.forget(slot, report);
}

/** Its address is free from here on. */
export async function detach(context: Context, slot: Slot): Promise<void> {
  await context.overlay?.gateway.detach({ serviceName: slot.jobName, instanceNumber: slot.number });
}
