import { status } from '@grpc/grpc-js';
import { messageOf } from '@hedgerow/common';
import type { HandlerParts } from './handlers/handler.ts';
import { handle } from './handlers/index.ts';
import type { Session } from './session.ts';

/** ms that a new stream has for its Hello */
const HELLO_WITHIN = 10_000;

/** Handles the messages of one stream, one after the other, until it ends. Never rejects. */
export async function serve(session: Session, parts: HandlerParts): Promise<void> {
  const cancel = parts.clock.after(HELLO_WITHIN, () => {
    if (session.clusterId === '') session.refuse('HELLO_MISSING', `no Hello within ${HELLO_WITHIN / 1000} s`);
  });
  try {
    for await (const message of session.messages()) {
      session.counts.received(message);
      await handle(session, message, parts);
      if (!session.open) break;
    }
    session.end();
  } catch (error) {
    failed(session, error, parts);
  } finally {
    cancel();
    leave(session, parts);
  }
}

/** An error of the stream itself comes when it is closed already: the cluster went away, which is no news. */
function failed(session: Session, error: unknown, { log }: HandlerParts): void {
  if (!session.open) return;
  log.error({ err: error, cluster: session.name }, 'a message could not be handled; the stream is ended');
  session.fail(status.UNAVAILABLE, `the root could not handle a message: ${messageOf(error)}`);
}

function leave(session: Session, { clusters, driver, logs, log }: HandlerParts): void {
  if (session.clusterId === '') return;
  clusters.detach(session);
  driver.lost(session);
  logs.lost(session);
  log.warn({ cluster: session.name }, 'cluster disconnected');
}
