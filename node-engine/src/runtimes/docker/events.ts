import { backoff, type Clock, type Logger, messageOf } from '@hedgerow/common';
import type Docker from 'dockerode';
import type { RuntimeListener } from '../runtime.ts';
import { translate } from './errors.ts';
import { type Labels, readLabels, workerFilter } from './labels.ts';

const RETRY = { first: 100, max: 5000, jitter: 0.2 };

/**
 * Follows Docker's event stream, which is also how the engine knows whether Docker is there: connected = up. After
 * every gap `up` says that events may have been missed.
 */
export class EventStream {
  readonly #deps: { docker: Docker; workerId: string; clock: Clock; log: Logger };
  readonly #listener: RuntimeListener;
  #connected = false;
  #closed = false;
  #attempt = 0;
  #stream: NodeJS.ReadableStream | null = null;
  #cancelRetry = (): void => {};

  constructor(
    deps: { docker: Docker; workerId: string; clock: Clock; log: Logger },
    listener: RuntimeListener,
  ) {
    this.#deps = deps;
    this.#listener = listener;
  }

  get connected(): boolean {
    return this.#connected;
  }

  open(): void {
    this.#connect().catch((error: unknown) => this.#ended(messageOf(translate(error))));
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    destroy(this.#stream);
  }

  async #connect(): Promise<void> {
    const stream = await this.#deps.docker.getEvents({
      filters: { type: ['container'], event: ['die', 'destroy'], label: [workerFilter(this.#deps.workerId)] },
    });
    if (this.#closed) return destroy(stream);
    this.#stream = stream;
    this.#connected = true;
    this.#attempt = 0;
    const take = lines(line => this.#take(line));
    stream.on('data', (chunk: Buffer) => take(chunk.toString()));
    // both may come, and the second one must not count against a stream that was opened since
    const ended = (why: string) => {
      if (this.#stream === stream) this.#ended(why);
    };
    stream.once('error', error => ended(messageOf(error)));
    stream.once('close', () => ended('its event stream ended'));
    this.#listener.up();
  }

  #take(line: string): void {
    const event = JSON.parse(line) as { Actor?: { Attributes?: Labels } };
    const labels = readLabels(this.#deps.workerId, event.Actor?.Attributes ?? {});
    if (labels) this.#listener.changed(labels.job_name, labels.instance_number);
  }

  #ended(why: string): void {
    if (this.#closed) return;
    if (this.#connected || this.#attempt === 0) this.#listener.away(why);
    this.#connected = false;
    this.#stream = null;
    this.#cancelRetry();
    this.#cancelRetry = this.#deps.clock.after(backoff(this.#attempt++, RETRY), () => this.open());
  }
}

/** @returns a function that takes pieces of text and calls back for each whole line */
function lines(callback: (line: string) => void): (piece: string) => void {
  let rest = '';
  return piece => {
    const parts = (rest + piece).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) if (line.trim() !== '') callback(line);
  };
}

function destroy(stream: NodeJS.ReadableStream | null): void {
  (stream as { destroy?: () => void } | null)?.destroy?.();
}
