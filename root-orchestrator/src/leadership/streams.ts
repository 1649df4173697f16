import { status } from '@grpc/grpc-js';
import type { HandlerParts } from '../clusters/handlers/handler.ts';
import { serve } from '../clusters/serve.ts';
import type { Session } from '../clusters/session.ts';

/** The streams of the clusters during one term. */
export class Streams {
  readonly #parts: HandlerParts;
  readonly #sessions = new Set<Session>();
  readonly #served = new Set<Promise<void>>();
  #stopped = false;

  constructor(parts: HandlerParts) {
    this.#parts = parts;
  }

  /** @param ready what a stream has to wait for; its messages wait with it */
  accept(session: Session, ready: Promise<void>): void {
    if (this.#stopped) {
      end(session);
      return;
    }
    const served = ready.then(
      () => serve(session, this.#parts),
      () => end(session),
    );
    this.#sessions.add(session);
    this.#served.add(served);
    void session.closed.then(() => this.#sessions.delete(session));
    void served.finally(() => this.#served.delete(served));
  }

  /** Every stream has ended when this returns; the promise settles when nothing is done for any of them. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const session of this.#sessions) end(session);
    await Promise.all(this.#served);
  }
}

function end(session: Session): void {
  session.fail(status.UNAVAILABLE, 'this root leads no more');
}
