import { type Clock, type Logger, Seldom } from '@hedgerow/common';
import { parseNodeTopic } from '@hedgerow/protos';
import type { UpHandler } from './broker.ts';
import { Credit, LARGEST } from './credit.ts';

/** Workers that are remembered; an id on a topic of an outside broker may be anybody's invention. */
const MOST = 10_000;

/**
 * Messages that come over one connection for all workers cannot be read more slowly for one of them: what one says
 * beyond its credit, or in one piece that is too large, is dropped. A sync finds what was lost with it.
 */
export function withinQuota(onMessage: UpHandler, { clock, log }: { clock: Clock; log: Logger }): UpHandler {
  const credits = new Map<string, { credit: Credit; until: number }>();
  const seldom = new Seldom(clock);
  const has = (worker: string, bytes: number): boolean => {
    const known = credits.get(worker) ?? { credit: new Credit(clock), until: 0 };
    if (!credits.has(worker) && credits.size >= MOST) credits.clear();
    credits.set(worker, known);
    if (bytes > LARGEST || clock.monotonic() < known.until) return false;
    known.until = clock.monotonic() + known.credit.pay(1, bytes);
    return true;
  };
  return message => {
    const worker = parseNodeTopic(message.topic)?.workerId ?? '';
    if (has(worker, message.payload.length)) return onMessage(message);
    seldom.say(`over ${worker}`, more =>
      log.warn(
        { worker, bytes: message.payload.length, more },
        'worker says more than it may; messages are dropped',
      ),
    );
  };
}
