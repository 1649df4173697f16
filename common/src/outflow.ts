/**
 * Writes to a stream whose other end may take less than is written. What waits in the stream's own queue is bounded in
 * number and in time: a stream that takes nothing is given up, since its queue would grow until the process ends.
 */
import type { Writable } from 'node:stream';
import type { Clock } from './clock.ts';

export interface OutflowOptions {
  clock: Clock;
  /** messages that may wait */
  most: number;
  /** ms within which a stream that is full has to take at least one */
  within: number;
  /** Called once; the stream is to be ended then. @param why a half sentence */
  stuck: (why: string) => void;
}

export class Outflow<T> {
  readonly #stream: Pick<Writable, 'write' | 'writableLength'>;
  readonly #options: OutflowOptions;
  #written = 0;
  #ended = false;
  #watching = false;
  #cancel = (): void => {};

  /** @param stream in object mode, so that its length counts messages */
  constructor(stream: Pick<Writable, 'write' | 'writableLength'>, options: OutflowOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  /** @returns false when the stream was given up or ended, so that nothing was written */
  write(message: T): boolean {
    if (this.#ended) return false;
    this.#written += 1;
    if (this.#stream.write(message)) return true;
    if (this.#stream.writableLength <= this.#options.most) {
      this.#watch();
      return true;
    }
    this.#giveUp(`${this.#stream.writableLength} messages wait to be sent`);
    return false;
  }

  /** Nothing is written from here on. */
  end(): void {
    this.#ended = true;
    this.#cancel();
  }

  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    const { clock, within } = this.#options;
    const taken = this.#taken();
    this.#cancel = clock.after(within, () => {
      this.#watching = false;
      if (this.#stream.writableLength === 0) return;
      if (this.#taken() === taken) this.#giveUp(`nothing was taken for ${within / 1000} s`);
      else this.#watch();
    });
  }

  #taken(): number {
    return this.#written - this.#stream.writableLength;
  }

  #giveUp(why: string): void {
    this.end();
    this.#options.stuck(why);
  }
}
