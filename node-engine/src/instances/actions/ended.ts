import { messageOf } from '@hedgerow/common';
import { lastText } from '../../logs/last-text.ts';
import type { Observed } from '../../runtimes/runtime.ts';
import type { Context } from '../context.ts';
import type { Desired } from '../desired.ts';
import { afterEnd } from '../restart.ts';
import { ending, next } from '../sentences.ts';
import { about, type Slot } from '../slot.ts';
import { clear, clearAway } from './clear.ts';

const LOG_LINES = 20;

/** The program ended by itself: says why, clears away, and answers how long (ms) to wait before the next start. */
export async function restart(
  context: Context,
  slot: Slot,
  desired: Desired,
  seen: Observed,
): Promise<number> {
  const logs = await lastLines(context, slot, seen);
  const { restarts, delay } = afterEnd(slot.restarts, context.clock.monotonic());
  slot.restarts = restarts;
  const detail = `${ending(seen, desired.deploy.memory)}; ${next('restart', delay)}`;
  context.tell(slot, { status: 'FAILED', detail, logs });
  await clearAway(context, slot, { gracefully: false });
  return delay;
}

/** A one-shot ended with 0. It is noted on disk before its container goes, so that it never runs twice. */
export async function complete(
  context: Context,
  slot: Slot,
  desired: Desired,
  seen: Observed,
): Promise<void> {
  await context.desired.complete(slot.key);
  slot.desired = { ...desired, completed: true };
  const logs = await lastLines(context, slot, seen);
  context.tell(slot, { status: 'COMPLETED', detail: 'exited with code 0', logs });
  await clear(context, slot);
}

/** A status without its log lines is better than none. */
async function lastLines(context: Context, slot: Slot, seen: Observed): Promise<string> {
  return lastText(context.runtime, seen.container, LOG_LINES).catch((error: unknown) => {
    context.log.warn({ ...about(slot), container: seen.container }, `no log lines: ${messageOf(error)}`);
    return '';
  });
}
