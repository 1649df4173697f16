import type { Clock } from '@hedgerow/common';
import type { Aggregate, FromCluster } from '@hedgerow/protos';

/** ms between two aggregates */
const GAP = 3000;

export interface AggregatesDeps {
  clock: Clock;
  compute(): Aggregate;
  send(message: FromCluster): boolean;
}

/** Tells the root what this cluster has: when it differs from what was told on this stream, at most every GAP. */
export class Aggregates {
  readonly #deps: AggregatesDeps;
  #told = '';
  #sentAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(deps: AggregatesDeps) {
    this.#deps = deps;
  }

  /** A stream is up: the root gets one at once, and knows nothing of earlier ones. */
  restart(): void {
    this.stop();
    this.#told = '';
    this.#send();
  }

  /** Something may have changed. */
  touch(): void {
    if (this.#cancel) return;
    const wait = Math.max(0, this.#sentAt + GAP - this.#deps.clock.monotonic());
    this.#cancel = this.#deps.clock.after(wait, () => {
      this.#cancel = undefined;
      this.#send();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #send(): void {
    const aggregate = this.#deps.compute();
    const text = JSON.stringify(aggregate);
    if (text === this.#told || !this.#deps.send({ aggregate })) return;
    this.#told = text;
    this.#sentAt = this.#deps.clock.monotonic();
  }
}
