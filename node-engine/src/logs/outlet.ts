import type { Clock } from '@hedgerow/common';
import type { LogChunk } from '@hedgerow/protos';
import { Limiter } from '../instances/limiter.ts';
import { wait } from './wait.ts';

export interface OutletParts {
  /** @returns null without a connection; rejects when it ended before the broker had the message */
  publish(chunk: LogChunk): Promise<void> | null;
  clock: Clock;
}

/** Bytes per second of all streams of a worker together. */
const RATE = 1024 * 1024;
/** ms between two looks for a connection */
const AGAIN = 500;

/**
 * All that a worker sends of its instances' output. One message at a time is on its way, and the next only when the
 * broker has it: a beat, a probe's answer or a status never waits behind more than one. Streams take turns.
 */
export class Outlet {
  readonly #parts: OutletParts;
  readonly #turns = new Limiter(1);
  /** ms, monotonic */
  #nextAt = 0;

  constructor(parts: OutletParts) {
    this.#parts = parts;
  }

  /** Waits for its turn, and for a connection until the signal. @returns whether the broker has it */
  send(chunk: LogChunk, signal: AbortSignal): Promise<boolean> {
    return this.#turns.run(async () => {
      while (!signal.aborted) {
        await this.#pause(this.#nextAt - this.#parts.clock.monotonic(), signal);
        const published = this.#parts.publish(chunk);
        if (published) return this.#sent(chunk, published);
        await this.#pause(AGAIN, signal);
      }
      return false;
    });
  }

  #sent({ lines }: LogChunk, published: Promise<void>): Promise<boolean> {
    const bytes = lines.reduce((sum, line) => sum + line.length, 0);
    this.#nextAt = Math.max(this.#nextAt, this.#parts.clock.monotonic()) + (bytes * 1000) / RATE;
    return published.then(
      () => true,
      () => false,
    );
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return ms > 0 ? wait(signal, done => this.#parts.clock.after(ms, done)) : Promise.resolve();
  }
}
