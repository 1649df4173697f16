import { isErrorOf, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { adopt } from './actions/adopt.ts';
import { clear, detach, remove } from './actions/clear.ts';
import { conclude } from './actions/conclude.ts';
import { heal } from './actions/heal.ts';
import { servePassed } from './actions/running.ts';
import { sequel, tellStep } from './actions/sequel.ts';
import { start } from './actions/start.ts';
import type { Context } from './context.ts';
import { type Action, decide } from './decide.ts';
import { type Desired, wantedOf } from './desired.ts';
import { afterStep } from './restart.ts';
import { oneLine, withoutValues } from './sentences.ts';
import { about, knownOf, type Slot } from './slot.ts';

/** ms until a call is made again to a runtime that is there but did not answer it; not the program's fault */
const UNANSWERED = 1000;
const AWAY = 'waiting for the container runtime, which does not answer';

/** Brings one instance from what is seen to what is wanted. Runs in the instance's own queue, never twice at a time. */
export async function reconcile(context: Context, slot: Slot): Promise<void> {
  for (let done = false; !done && !slot.cancelWait; ) {
    if (!context.runtime.available()) return tellAway(context, slot);
    const turn: Turn = { action: 'nothing', change: slot.change };
    try {
      done = await step(context, slot, turn);
    } catch (error) {
      done = await failed(context, slot, turn, error);
    }
  }
}

/** What was being done, also when it fails. */
interface Turn {
  action: Action;
  /** of the order that it was done for */
  change: Slot['change'];
}

/** @returns whether nothing is left to do for now */
async function step(context: Context, slot: Slot, turn: Turn): Promise<boolean> {
  if (slot.stale) await look(context, slot);
  const { desired, seen } = slot;
  turn.action = decide(desired && wantedOf(desired), seen, knownOf(slot));
  if (turn.action === 'nothing') return true;
  const delay = await perform(context, slot, turn.action);
  if (delay > 0) wait(context, slot, delay);
  return turn.action === 'remove';
}

async function look(context: Context, slot: Slot): Promise<void> {
  slot.stale = false;
  try {
    slot.seen = await context.runtime.inspect(context.runtime.nameOf(slot.jobName, slot.number));
  } catch (error) {
    slot.stale = true;
    throw error;
  }
  slot.endHeard = false;
  if (slot.seen?.state === 'running') slot.takenAlong = false;
}

/** @returns ms to wait before the next step */
async function perform(context: Context, slot: Slot, action: Action): Promise<number> {
  const { desired, seen } = slot;
  if (action === 'remove') await remove(context, slot);
  else if (action === 'clear') await clear(context, slot);
  else if (desired && action === 'start') await start(context, slot, desired);
  else if (desired && seen) return ofContainer(context, slot, action, { desired, seen });
  return 0;
}

type Both = { desired: Desired; seen: NonNullable<Slot['seen']> };

async function ofContainer(
  context: Context,
  slot: Slot,
  action: Action,
  { desired, seen }: Both,
): Promise<number> {
  if (action === 'adopt') await adopt(context, slot, desired, seen);
  else if (action === 'serve') await servePassed(context, slot, desired, seen);
  else if (action === 'conclude') return conclude(context, slot, desired, seen);
  else if (action === 'heal') return heal(context, slot, desired, seen);
  return 0;
}

/** @returns whether this turn is over */
async function failed(context: Context, slot: Slot, turn: Turn, error: unknown): Promise<boolean> {
  slot.stale = true;
  // who changed the order has asked for another turn
  if (isErrorOf(error, ERRORS.SUPERSEDED)) return true;
  if (slot.change !== turn.change) {
    context.log.warn(about(slot), `something else is wanted now; ${turn.action}: ${messageOf(error)}`);
    return true;
  }
  const toRun = slot.desired !== null && slot.desired.ended === null;
  const delay =
    toRun && !isErrorOf(error, ERRORS.RUNTIME_AWAY)
      ? await tellFailed(context, slot, slot.desired as Desired, turn.action, error)
      : logFailed(context, slot, turn.action, error);
  if (delay > 0) wait(context, slot, delay);
  return delay > 0;
}

/** A start that failed counts like an end of the program. @returns ms until the next step */
async function tellFailed(
  context: Context,
  slot: Slot,
  desired: Desired,
  action: Action,
  error: unknown,
): Promise<number> {
  const how = messageOf(error);
  if (action !== 'start') return tellStep(context, slot, desired, how);
  try {
    const end = { what: 'start' } as const;
    const lines = Promise.resolve('');
    const delay = await sequel(context, slot, desired, { end, container: '', how, what: 'retry', lines });
    if (delay === null) await detach(context, slot);
    return delay ?? 0;
  } catch (unnoted) {
    if (isErrorOf(unnoted, ERRORS.SUPERSEDED)) return 0;
    context.log.error(about(slot), `not noted on disk: ${messageOf(unnoted)}`);
    return UNANSWERED;
  }
}

/** A runtime that does not answer is nobody's fault; what cannot be removed is tried again. @returns ms until then */
function logFailed(context: Context, slot: Slot, action: Action, error: unknown): number {
  const away = isErrorOf(error, ERRORS.RUNTIME_AWAY);
  const { restarts, delay } = afterStep(slot.restarts);
  if (!away) slot.restarts = restarts;
  const retry = away ? UNANSWERED : delay;
  if (away && action === 'start')
    context.tell(slot, { status: 'CREATING', detail: oneLine(messageOf(error)) });
  context.log.warn({ ...about(slot), retry_ms: retry }, messageOf(error));
  return retry;
}

function wait(context: Context, slot: Slot, delay: number): void {
  slot.cancelWait?.();
  slot.cancelWait = context.clock.after(delay, () => {
    slot.cancelWait = null;
    context.again(slot);
  });
}

/**
 * What runs goes on running without the runtime's daemon; what ended as it went down, and what has to be made, waits
 * for it.
 */
function tellAway(context: Context, slot: Slot): void {
  slot.stale = true;
  const { desired, seen, monitor } = slot;
  if (!desired || desired.ended) return;
  if (seen?.state !== 'running' || slot.endHeard) context.tell(slot, { status: 'CREATING', detail: AWAY });
  else if (monitor?.state === 'failed') {
    const why = withoutValues(oneLine(monitor.why), desired.deploy.environment);
    context.tell(slot, { status: 'FAILED', detail: `unhealthy: ${why}; ${AWAY}` });
  }
}
