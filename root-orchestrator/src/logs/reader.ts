import type { ServerResponse } from 'node:http';
import { type Clock, HedgerowError } from '@hedgerow/common';
import { endedNotice, lostNotice } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import type { OutputSink } from '../ports.ts';

/** Bytes that may wait for a reader; what comes while there are more is counted and left out. */
const MOST_WAITING = 256 * 1024;
/** ms after which a reader who takes nothing is cut off */
const TAKE_WITHIN = 60_000;

/** ms of silence until TCP asks whether the reader is still there */
const KEEPALIVE = 30_000;

/** A proxy that collects an answer before it passes it on would keep every line to itself. */
const HEAD = {
  'Content-Type': 'text/plain; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
};

/** Whoever asked for an output over HTTP: plain lines, ours among them beginning with `… `. */
export class Reader implements OutputSink {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #opened = Promise.withResolvers<void>();
  #lost = 0;
  #cancel: (() => void) | null = null;

  constructor(response: ServerResponse, clock: Clock) {
    this.#response = response;
    this.#clock = clock;
    response.on('drain', () => this.#drained());
    response.once('close', () => {
      this.#cancel?.();
      this.#opened.resolve();
    });
  }

  /** Resolves with the first answer, also an empty one. @throws OUTPUT_UNAVAILABLE when that is a refusal */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  lines(lines: readonly string[], lost: number): void {
    this.#head();
    this.#lost += lost;
    if (this.#response.writableLength > MOST_WAITING) this.#lost += lines.length;
    else this.#write(lines);
  }

  end(error: string): void {
    if (error !== '' && !this.#response.headersSent) {
      this.#opened.reject(new HedgerowError(ERRORS.OUTPUT_UNAVAILABLE, error));
      return;
    }
    this.#head();
    this.#write(error === '' ? [] : [endedNotice(error)]);
    this.#response.end();
  }

  #head(): void {
    if (this.#response.headersSent || this.#response.destroyed) return;
    this.#response.writeHead(200, HEAD);
    this.#response.flushHeaders();
    // a reader who vanished without a word would be served for ever while nothing is printed
    this.#response.socket?.setKeepAlive(true, KEEPALIVE);
    this.#opened.resolve();
  }

  #write(lines: readonly string[]): void {
    const all = this.#lost > 0 ? [lostNotice(this.#lost), ...lines] : lines;
    this.#lost = 0;
    if (all.length === 0 || this.#response.write(all.map(line => `${line}\n`).join(''))) return;
    this.#cancel ??= this.#clock.after(TAKE_WITHIN, () => this.#response.destroy());
  }

  #drained(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#lost > 0 && !this.#response.writableEnded) this.#write([]);
  }
}
