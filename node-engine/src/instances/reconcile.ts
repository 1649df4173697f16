import { isErrorOf, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { adopt } from './actions/adopt.ts';
import { clear, remove } from './actions/clear.ts';
import { complete, restart } from './actions/ended.ts';
import { start } from './actions/start.ts';
import type { Context } from './context.ts';
import { type Action, decide } from './decide.ts';
import { wantedOf } from './desired.ts';
import { afterEnd } from './restart.ts';
import { next, oneLine, withoutValues } from './sentences.ts';
import { about, type Slot } from './slot.ts';

/**
 * Brings one instance from what is seen to what is wanted. Runs in the instance's own queue, never twice at a time.
 * @param again called when the time of the next try has come
 */
export async function reconcile(context: Context, slot: Slot, again: () => void): Promise<void> {
  for (let done = false; !done && !slot.cancelWait; ) {
    if (!context.runtime.available()) return tellAway(context, slot);
    try {
      done = await step(context, slot, again);
    } catch (error) {
      done = failed(context, slot, error, again);
    }
  }
}

/** @returns whether nothing is left to do for now */
async function step(context: Context, slot: Slot, again: () => void): Promise<boolean> {
  if (slot.stale) {
    slot.stale = false;
    slot.seen = await context.runtime.inspect(context.runtime.nameOf(slot.jobName, slot.number));
  }
  const { desired, seen } = slot;
  const action = decide(desired && wantedOf(desired), seen, slot.wiredPid);
  if (action === 'nothing') return true;
  const delay = await perform(context, slot, action);
  if (delay > 0) wait(context, slot, delay, again);
  return action === 'remove';
}

/** @returns ms to wait before the next step */
async function perform(context: Context, slot: Slot, action: Action): Promise<number> {
  const { desired, seen } = slot;
  if (action === 'remove') await remove(context, slot);
  else if (action === 'clear') await clear(context, slot);
  else if (action === 'start' && desired) await start(context, slot, desired.deploy);
  else if (action === 'adopt' && desired && seen) await adopt(context, slot, desired.deploy, seen);
  else if (action === 'complete' && desired && seen) await complete(context, slot, desired, seen);
  else if (action === 'restart' && desired && seen) return restart(context, slot, desired, seen);
  return 0;
}

/** @returns whether this turn is over */
function failed(context: Context, slot: Slot, error: unknown, again: () => void): boolean {
  slot.stale = true;
  if (isErrorOf(error, ERRORS.SUPERSEDED)) return true;
  const { restarts, delay } = afterEnd(slot.restarts, context.clock.monotonic());
  slot.restarts = restarts;
  const why = withoutValues(oneLine(messageOf(error)), slot.desired?.deploy.environment ?? []);
  const detail = `${why}; ${next('retry', delay)}`;
  if (slot.desired && !isErrorOf(error, ERRORS.RUNTIME_AWAY))
    context.tell(slot, { status: 'FAILED', detail });
  else context.log.warn({ ...about(slot), retry_ms: delay }, detail);
  if (delay > 0) wait(context, slot, delay, again);
  return delay > 0;
}

function wait(context: Context, slot: Slot, delay: number, again: () => void): void {
  slot.cancelWait?.();
  slot.cancelWait = context.clock.after(delay, () => {
    slot.cancelWait = null;
    again();
  });
}

/** What runs goes on running without the runtime's daemon; only what has to be made waits for it. */
function tellAway(context: Context, slot: Slot): void {
  slot.stale = true;
  if (!slot.desired || slot.desired.completed || slot.seen?.state === 'running') return;
  context.tell(slot, {
    status: 'CREATING',
    detail: 'waiting for the container runtime, which does not answer',
  });
}
