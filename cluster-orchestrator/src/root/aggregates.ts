import type { Clock } from '@hedgerow/common';
import type { Aggregate, FromCluster } from '@hedgerow/protos';

/** ms between two aggregates */
const GAP = 3000;
/** ms when workers came or went: the root should not place by what is not there, nor wait for what is */
const SHORT_GAP = 200;

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
  #due = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => {};

  constructor(deps: AggregatesDeps) {
    this.#deps = deps;
  }

  /** A stream is up: the root gets one at once, and knows nothing of earlier ones. */
  restart(): void {
    this.stop();
    this.#told = '';
    this.#send();
  }

  /** Reservations or usage may have changed. */
  touch(): void {
    this.#sendAfter(GAP);
  }

  /** Workers came or went. */
  workersChanged(): void {
    this.#sendAfter(SHORT_GAP);
  }

  stop(): void {
    this.#cancel();
    this.#due = Number.POSITIVE_INFINITY;
  }

  #sendAfter(gap: number): void {
    const now = this.#deps.clock.monotonic();
    const due = Math.max(now, this.#sentAt + gap);
    if (due >= this.#due) return;
    this.#cancel();
    this.#due = due;
    this.#cancel = this.#deps.clock.after(due - now, () => {
      this.#due = Number.POSITIVE_INFINITY;
      this.#send();
    });
  }

  #send(): void {
    const aggregate = this.#deps.compute();
    const text = JSON.stringify(aggregate);
    if (text === this.#told || !this.#deps.send({ aggregate })) return;
    this.#told = text;
    this.#sentAt = this.#deps.clock.monotonic();
  }
}
