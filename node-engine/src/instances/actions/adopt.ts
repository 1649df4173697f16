import type { DeployPayload } from '@hedgerow/protos';
import type { Observed } from '../../runtimes/runtime.ts';
import type { Context } from '../context.ts';
import { about, type Slot } from '../slot.ts';
import { unlessSuperseded } from './superseded.ts';
import { running, wire } from './wire.ts';

/**
 * A container that runs, but was not wired by this engine process: started by an earlier one, perhaps still on hold,
 * or started again by hand. It is never stopped for it.
 */
export async function adopt(
  context: Context,
  slot: Slot,
  deploy: DeployPayload,
  seen: Observed,
): Promise<void> {
  const waiting = context.overlay?.gateway.ready(() => {});
  if (waiting) await unlessSuperseded(waiting, slot.change.signal);
  const address = await wire(context, deploy, seen.name, seen.pid);
  running(context, slot, {
    deploy,
    container: seen.container,
    name: seen.name,
    pid: seen.pid,
    address,
    detail: 'running',
  });
  context.log.info({ ...about(slot), container: seen.container }, 'instance adopted');
}
