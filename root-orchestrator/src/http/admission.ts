/**
 * How much the API takes on at a time. Bodies are read before a request's turn comes, so that a client that sends slowly
 * holds up nobody; what they hold in memory is bounded by itself.
 */
import { type Clock, HedgerowError, type Logger, Turns } from '@hedgerow/common';
import type { MetricRegistry } from '@hedgerow/common/metrics';
import { ERRORS } from '../errors.ts';
import { ROOT_METRICS } from '../metrics/table.ts';
import type { Route } from './route.ts';

export interface AdmissionLimits {
  /** requests at work */
  atOnce: number;
  /** requests that may wait for their turn */
  waiting: number;
  /** ms that one may wait: whoever asked has given up soon after */
  patience: number;
  /** bytes of large bodies that are being read, together */
  bodies: number;
}

/** Writes of one turn share a commit, so many at work cost no more than few; a burst of 2,000 finds room. */
export const LIMITS: AdmissionLimits = { atOnce: 64, waiting: 2_000, patience: 15_000, bodies: 64 * 2 ** 20 };
/** bytes; smaller bodies are bounded by the number of connections */
const SMALL = 16 * 1024;
/** s */
const RETRY_AFTER = 2;
/** ms between two lines in the log: thousands are refused at a time */
const TELL_EVERY = 10_000;

export interface AdmissionDeps {
  clock: Clock;
  log: Logger;
  metrics: MetricRegistry;
  limits?: Partial<AdmissionLimits>;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #turns: Turns;
  readonly #deps: AdmissionDeps;
  readonly #refused: () => void;
  #reserved = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(deps: AdmissionDeps) {
    const { clock, metrics, limits } = deps;
    this.#deps = deps;
    this.#limits = { ...LIMITS, ...limits };
    const { atOnce, waiting, patience } = this.#limits;
    const refuse = () => this.#refuse();
    this.#turns = new Turns({ atOnce, waiting, refuse, patience: { clock, ms: patience } });
    const { requests, requestsRefused } = metrics.open(ROOT_METRICS);
    requestsRefused.add(0);
    this.#refused = () => requestsRefused.add(1);
    metrics.onScrape(() => {
      requests.set(this.#turns.running, { state: 'at work' });
      requests.set(this.#turns.waiting, { state: 'waiting' });
    });
  }

  /** @throws OVERLOADED, and what the work throws */
  run<R>({ spec }: Route, work: () => Promise<R>): Promise<R> {
    return hasOwnBound(spec) ? work() : this.#turns.run(work);
  }

  /** @param bytes that the body may have. @throws OVERLOADED, and what the reading throws */
  async body<R>(bytes: number, read: () => Promise<R>): Promise<R> {
    const reserved = bytes <= SMALL ? 0 : bytes;
    if (this.#reserved + reserved > this.#limits.bodies) throw this.#refuse();
    this.#reserved += reserved;
    try {
      return await read();
    } finally {
      this.#reserved -= reserved;
    }
  }

  #refuse(): HedgerowError {
    this.#refused();
    this.#tell();
    const message = `too much is asked of this root at once; nothing was done, try again in ${RETRY_AFTER} s`;
    return new HedgerowError(ERRORS.OVERLOADED, message, { retryAfter: RETRY_AFTER });
  }

  #tell(): void {
    const { clock, log } = this.#deps;
    const now = clock.monotonic();
    if (now - this.#toldAt < TELL_EVERY) return;
    this.#toldAt = now;
    const { running, waiting } = this.#turns;
    log.warn({ at_work: running, waiting }, 'requests are refused: too many are under way');
  }
}

/** Status pages always answer; streams, and what checks a password, count their own. */
export function hasOwnBound({ stream, access }: Route['spec']): boolean {
  return stream !== undefined || access === 'open';
}
