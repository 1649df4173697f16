import { messageOf } from '@hedgerow/common';
import { lastText } from '../../logs/last-text.ts';
import type { Context } from '../context.ts';
import type { Desired } from '../desired.ts';
import { afterEnd, type End, giveUp } from '../restart.ts';
import { next, oneLine, withoutValues } from '../sentences.ts';
import { about, type Slot } from '../slot.ts';

const LOG_LINES = 20;
/** ms that they may take */
const PATIENCE = 2000;

export interface Ending {
  end: End;
  /** a sentence: what happened */
  how: string;
  /** restart, retry */
  what: string;
  logs: string;
}

/**
 * Counts one more end, and tells what follows it. When nothing does, that is noted on disk first, so that neither a
 * restart of the engine nor one of the machine starts the program again.
 * @returns ms to wait before the next start; null = there is none
 */
export async function sequel(
  context: Context,
  slot: Slot,
  desired: Desired,
  { end, how, what, logs }: Ending,
): Promise<number | null> {
  const { deploy } = desired;
  const { restarts, delay } = afterEnd(slot.restarts, context.clock.monotonic());
  slot.restarts = restarts;
  const text = withoutValues(oneLine(how), deploy.environment);
  const over = giveUp(deploy, end, restarts.count);
  if (over) {
    const detail = over.why === '' ? text : `${text}; ${over.why}`;
    const ended = { status: over.status, detail, logs };
    await context.desired.end(slot.key, ended);
    if (slot.desired === desired) slot.desired = { ...desired, ended };
    context.tell(slot, ended);
    return null;
  }
  const attempts = deploy.restart?.attempts ?? 0;
  const most = attempts > 0 ? attempts + 1 : null;
  const then = next(what, { delay, now: context.clock.now(), tries: restarts.count, most });
  context.tell(slot, { status: 'FAILED', detail: `${text}; ${then}`, logs });
  return delay;
}

/** A status without its log lines is better than none, or than one that is late. */
export async function lastLines(context: Context, slot: Slot, container: string): Promise<string> {
  const without = (why: string) => {
    context.log.warn({ ...about(slot), container }, `no log lines: ${why}`);
    return '';
  };
  const late = Promise.withResolvers<string>();
  const cancel = context.clock.after(PATIENCE, () => late.resolve(without('they take too long')));
  const lines = lastText(context.runtime, container, LOG_LINES).catch((error: unknown) =>
    without(messageOf(error)),
  );
  return Promise.race([lines, late.promise]).finally(cancel);
}
