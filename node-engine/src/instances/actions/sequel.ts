import { messageOf } from '@hedgerow/common';
import { lastText } from '../../logs/last-text.ts';
import type { Context } from '../context.ts';
import type { Desired } from '../desired.ts';
import { afterEnd, afterStep, delayAfter, type End, giveUp } from '../restart.ts';
import { next, oneLine, withoutValues } from '../sentences.ts';
import { about, type Slot } from '../slot.ts';
import { throwIfReplaced } from './superseded.ts';

const LOG_LINES = 20;
/** ms that they may take */
const PATIENCE = 2000;

export interface Ending {
  end: End;
  /** whose end it is; "" = it was not made */
  container: string;
  /** a sentence: what happened */
  how: string;
  /** restart, retry */
  what: string;
  /** its last ones; must not reject */
  lines: Promise<string>;
}

/**
 * Counts one more end, and tells what follows it. When nothing does, that is noted on disk first, so that neither a
 * restart of the engine nor one of the machine starts the program again; so is the count, when it is limited.
 * @returns ms to wait before the next start; null = there is none
 * @throws SUPERSEDED when another order has come meanwhile, which has not ended
 */
export async function sequel(
  context: Context,
  slot: Slot,
  desired: Desired,
  { end, container, how, what, lines }: Ending,
): Promise<number | null> {
  throwIfReplaced(slot, desired);
  const { deploy } = desired;
  const { restarts, delay } = count(context, slot, container);
  const text = withoutValues(oneLine(how), deploy.environment);
  const over = giveUp(deploy, end, restarts.count);
  if (over) {
    const detail = over.why === '' ? text : `${text}; ${over.why}`;
    const ended = { status: over.status, detail, logs: await lines };
    await context.desired.end(deploy, ended);
    throwIfReplaced(slot, desired);
    slot.desired = { ...desired, ended };
    context.tell(slot, ended);
    return null;
  }
  const attempts = deploy.restart?.attempts ?? 0;
  if (attempts > 0) await context.desired.try(deploy, { count: restarts.count, container });
  throwIfReplaced(slot, desired);
  const most = attempts > 0 ? attempts + 1 : null;
  const then = next(what, { delay, now: context.clock.now(), tries: restarts.count, most });
  context.tell(slot, { status: 'FAILED', detail: `${text}; ${then}`, lines });
  return delay;
}

/** Another step than a start failed, beside which the program may run on. @returns ms until it is tried again */
export function tellStep(context: Context, slot: Slot, { deploy }: Desired, how: string): number {
  const { restarts, delay } = afterStep(slot.restarts);
  slot.restarts = restarts;
  const then = next('retry', { delay, now: context.clock.now(), tries: restarts.steps, most: null });
  const text = withoutValues(oneLine(how), deploy.environment);
  context.tell(slot, { status: 'FAILED', detail: `${text}; ${then}` });
  return delay;
}

/** An end that could not be cleared away is found again, and is no other one. */
function count({ clock }: Context, slot: Slot, container: string): ReturnType<typeof afterEnd> {
  const { restarts } = slot;
  if (container !== '' && slot.counted === container) return { restarts, delay: delayAfter(restarts.count) };
  const counted = afterEnd(restarts, clock.monotonic());
  slot.restarts = counted.restarts;
  slot.counted = container;
  return counted;
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
