import { messageOf } from '@hedgerow/common';
import type { LogRequest } from '@hedgerow/protos';
import { Batch } from './batch.ts';
import type { LogLine } from './lines.ts';
import type { Outlet } from './outlet.ts';
import { linesOf, type SourceParts } from './source.ts';

export interface StreamParts extends SourceParts {
  outlet: Pick<Outlet, 'send'>;
}

/**
 * ms that what an instance prints now may be behind. Until then the runtime waits for the reader; what is older by the
 * time that it could be sent is read, counted and left out, so that the reader sees what happens and not what did.
 */
const LATE = 10_000;
/** ms: what is more than that is no drift */
const JUMP = 1000;

/** One stream of an instance's output to the cluster. Keeps one chunk that is on its way and one that waits. */
export class LogStream {
  readonly #parts: StreamParts;
  readonly #request: LogRequest;
  readonly #ending = new AbortController();
  readonly #batch = new Batch();
  /** ms since the epoch; what was printed before is sent whole */
  #opened: number;
  /** ms between the clock that may jump and the one that does not */
  #offset: number;
  #room = Promise.withResolvers<void>();
  #sending: Promise<void> | null = null;

  constructor(parts: StreamParts, request: LogRequest) {
    this.#parts = parts;
    this.#request = request;
    this.#opened = parts.clock.now();
    this.#offset = this.#opened - parts.clock.monotonic();
  }

  /** Resolves when it is over. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#ending;
    const error = await this.#pump(signal);
    await this.#sending;
    if (!signal.aborted) await this.#send({ ...this.#batch.take(), end: true, error });
  }

  stop(): void {
    this.#ending.abort();
    this.#room.resolve();
  }

  /** @returns why it ended, "" when the output ended */
  async #pump(signal: AbortSignal): Promise<string> {
    try {
      // tells the reader that there is something to wait for
      await this.#send({ lines: [], lost: 0, end: false, error: '' });
      for await (const line of linesOf(this.#parts, this.#request, signal)) await this.#take(line);
      return '';
    } catch (error) {
      return messageOf(error);
    }
  }

  async #take({ at, text }: LogLine): Promise<void> {
    while (!this.#batch.hasRoomFor(text)) {
      if (this.#ending.signal.aborted) return;
      if (this.#isLate(at)) return this.#batch.lose();
      await this.#room.promise;
    }
    this.#batch.add(text);
    this.#sending ??= this.#drain();
  }

  /** A clock that has jumped says of nothing that was printed before how old it is. */
  #isLate(at: string): boolean {
    const offset = this.#parts.clock.now() - this.#parts.clock.monotonic();
    if (Math.abs(offset - this.#offset) > JUMP) {
      this.#opened = this.#parts.clock.now();
      this.#offset = offset;
    }
    const printed = Date.parse(at);
    return printed > this.#opened && this.#parts.clock.now() - printed > LATE;
  }

  async #drain(): Promise<void> {
    // the lines of one turn go together
    await new Promise(resolve => setImmediate(resolve));
    while (!this.#batch.empty && !this.#ending.signal.aborted) {
      const { lines, lost } = this.#batch.take();
      this.#room.resolve();
      this.#room = Promise.withResolvers();
      if (!(await this.#send({ lines, lost, end: false, error: '' })))
        this.#batch.loseTaken(lines.length + lost);
    }
    this.#sending = null;
  }

  #send(part: { lines: string[]; lost: number; end: boolean; error: string }): Promise<boolean> {
    const { stream_id } = this.#request;
    return this.#parts.outlet.send({ stream_id, ...part }, this.#ending.signal);
  }
}
