import type { Observed, Runtime } from '../../runtimes/runtime.ts';
import type { Context, Overlay } from '../context.ts';
import type { Slot } from '../slot.ts';

/** Removes the container, its hold with it. The network stays attached: the next start takes the same address. */
export async function clearAway(
  context: Context,
  slot: Slot,
  { gracefully }: { gracefully: boolean },
): Promise<void> {
  const { seen } = slot;
  // one that cannot be stopped now is still one that has failed
  slot.monitor?.stop();
  if (seen && gracefully) await context.runtime.stop(seen.container);
  if (seen) {
    await context.readers.settled(seen.container);
    await removeContainer(context, slot, seen.container);
  }
  context.overlay?.holds.drop(context.runtime.nameOf(slot.jobName, slot.number));
  vacate(slot);
}

/** Its ended container makes room for the next one at once; `start` has it removed when that runs. */
export async function setAside({ runtime }: Context, slot: Slot, { container }: Observed): Promise<void> {
  await runtime.setAside(container);
  slot.aside.add(container);
  vacate(slot);
}

export interface AsideParts {
  readers: Context['readers'];
  runtime: Pick<Runtime, 'nameOf' | 'remove'>;
  overlay: Pick<Overlay, 'holds'> | null;
}

/** Removes what was set aside, when its last lines have been read. @throws RUNTIME_AWAY, RUNTIME_FAILED */
export async function removeAside({ readers, runtime, overlay }: AsideParts, slot: Slot): Promise<void> {
  await slot.held;
  for (const container of slot.aside) {
    await readers.settled(container);
    await runtime.remove(container);
    slot.aside.delete(container);
  }
  // if somebody has started it by hand just then, it may have read the line that was to let the next one go
  if (slot.wiredPid !== null) overlay?.holds.release(runtime.nameOf(slot.jobName, slot.number));
}

/** It has no container. */
function vacate(slot: Slot): void {
  slot.monitor?.stop();
  slot.monitor = null;
  slot.seen = null;
  slot.wiredPid = null;
  slot.takenAlong = false;
}

async function removeContainer({ runtime }: Context, slot: Slot, container: string): Promise<void> {
  slot.leaving = true;
  try {
    await runtime.remove(container);
  } finally {
    slot.leaving = false;
  }
}

/** The container of one that is not run again, and its address. */
export async function clear(context: Context, slot: Slot): Promise<void> {
  await clearAway(context, slot, { gracefully: slot.seen?.state === 'running' });
  await detach(context, slot);
}

/** Stops, detaches, removes, tells UNDEPLOYED and forgets; of what was there, whatever has been wanted since. */
export async function remove(context: Context, slot: Slot): Promise<void> {
  const { report } = slot;
  slot.monitor?.stop();
  if (slot.seen?.state === 'running') await context.runtime.stop(slot.seen.container);
  await detach(context, slot);
  await clearAway(context, slot, { gracefully: false });
  await removeAside(context, slot);
  context.forget(slot, report);
}

/** Its address is free from here on. */
export async function detach(context: Context, slot: Slot): Promise<void> {
  await context.overlay?.gateway.detach({ serviceName: slot.jobName, instanceNumber: slot.number });
}
