import type { Clock } from '@hedgerow/common';

/** Messages per second that a worker may send for long. */
const RATE = 500;
/** Messages that it may send at once, as when hundreds of its instances start. */
const BURST = 2000;
/** So many bytes cost as much as one message. */
const BYTES = 4096;

/** Bytes of a message; the largest is a `sync` of some thousand instances. */
export const LARGEST = 8 * 1024 * 1024;

/** How much one worker may say: the same for each, so that none is heard at the cost of others. */
export class Credit {
  readonly #clock: Clock;
  #left = BURST;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.monotonic();
  }

  /** @returns ms after which it may say more; 0 = now */
  pay(messages: number, bytes: number): number {
    const now = this.#clock.monotonic();
    const earned = ((now - this.#at) * RATE) / 1000;
    this.#left = Math.min(BURST, this.#left + earned) - messages - Math.floor(bytes / BYTES);
    this.#at = now;
    return this.#left >= 0 ? 0 : (-this.#left * 1000) / RATE;
  }
}
