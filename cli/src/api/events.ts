import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { HedgerowError } from '@hedgerow/common';
import type { ApiEvent } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import { parseBlocks } from './sse.ts';

export interface EventFilter {
  /** ids */
  application?: string;
  service?: string;
  kind?: string;
}

export type FeedItem =
  /** from here on nothing is missed; what was before has to be read */
  | { type: 'open' }
  | { type: 'event'; event: ApiEvent }
  /** events were lost: what one knows has to be read again */
  | { type: 'reset' };

/** ms before a feed that was cut off is opened again */
const AGAIN_AFTER = 500;
const AT_MOST = 10_000;

/**
 * The feed of events, opened again behind the last event whenever it is cut off. Ends with `signal`.
 * @throws what opening it the first time throws, and any refusal later
 */
export async function* followEvents(
  open: (last: string) => Promise<IncomingMessage>,
  signal: AbortSignal,
): AsyncGenerator<FeedItem> {
  let [last, wait, wasOpen] = ['', AGAIN_AFTER, false];
  while (!signal.aborted) {
    try {
      const response = await open(last);
      if (!wasOpen) yield { type: 'open' };
      [wasOpen, wait] = [true, AGAIN_AFTER];
      for await (const { id, event, data } of parseBlocks(response)) {
        last = id ?? last;
        if (event === 'reset') yield { type: 'reset' };
        else if (data !== '') yield { type: 'event', event: JSON.parse(data) as ApiEvent };
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!wasOpen || !isPassing(error)) throw error;
    }
    await delay(wait, undefined, { signal }).catch(() => {});
    wait = Math.min(2 * wait, AT_MOST);
  }
}

/** Connections break and roots start again. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof HedgerowError)) return !(error instanceof SyntaxError);
  return error.kind === ERRORS.UNREACHABLE || error.kind.http >= 500;
}
