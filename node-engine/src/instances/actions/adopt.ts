import type { Observed } from '../../runtimes/runtime.ts';
import type { Context } from '../context.ts';
import type { Desired } from '../desired.ts';
import { about, type Slot } from '../slot.ts';
import { running } from './running.ts';
import { throwIfReplaced, unlessSuperseded } from './superseded.ts';
import { wire } from './wire.ts';

/**
 * A container that runs, but was not wired by this engine process: started by an earlier one, perhaps still on hold,
 * or started again by hand. It is never stopped for it.
 */
export async function adopt(context: Context, slot: Slot, desired: Desired, seen: Observed): Promise<void> {
  const waiting = context.overlay?.gateway.ready(() => {});
  if (waiting) await unlessSuperseded(waiting, slot.change.signal);
  const address = await wire(context, desired.deploy, seen.name, seen.pid);
  throwIfReplaced(slot, desired);
  const { container, name, pid, age } = seen;
  running(context, slot, desired, { container, name, pid, address, age });
  context.log.info({ ...about(slot), container }, 'instance adopted');
}
