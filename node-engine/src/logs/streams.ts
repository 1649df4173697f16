import type { Logger } from '@hedgerow/common';
import { aboutInstance, LOGS_FORGOTTEN_AFTER, type LogsPayload } from '@hedgerow/protos';
import { LogStream, type StreamParts } from './stream.ts';

export interface LogStreamsParts extends StreamParts {
  log: Logger;
}

/** At a time; the root asks for no more than that of one worker. */
const MOST = 16;

interface Entry {
  stream: LogStream;
  cancel: () => void;
}

/** The outputs that somebody reads. Whoever reads says so again and again: a stop that was lost costs nothing. */
export class LogStreams {
  readonly #parts: LogStreamsParts;
  readonly #entries = new Map<string, Entry>();

  constructor(parts: LogStreamsParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** `control/logs`. */
  request(payload: LogsPayload): void {
    const known = this.#entries.get(payload.stream_id);
    if (payload.stop) known?.stream.stop();
    else if (known) this.#prolong(payload.stream_id, known);
    else if (this.#entries.size < MOST) this.#open(payload);
    else this.#refuse(payload.stream_id);
  }

  stop(): void {
    for (const { stream } of this.#entries.values()) stream.stop();
  }

  #open(payload: LogsPayload): void {
    const { stream_id } = payload;
    const entry: Entry = { stream: new LogStream(this.#parts, payload), cancel: () => {} };
    this.#entries.set(stream_id, entry);
    this.#prolong(stream_id, entry);
    this.#parts.log.debug({ ...aboutInstance(payload), stream: stream_id }, 'somebody reads the output');
    void entry.stream.run().then(() => {
      entry.cancel();
      if (this.#entries.get(stream_id) === entry) this.#entries.delete(stream_id);
    });
  }

  #prolong(id: string, entry: Entry): void {
    entry.cancel();
    entry.cancel = this.#parts.clock.after(LOGS_FORGOTTEN_AFTER, () => {
      this.#parts.log.debug({ stream: id }, 'nobody asks for the output any more');
      entry.stream.stop();
    });
  }

  #refuse(stream_id: string): void {
    const error = `the worker sends ${MOST} outputs already, which is the most that it does`;
    const { signal } = new AbortController();
    void this.#parts.outlet.send({ stream_id, lines: [], lost: 0, end: true, error }, signal);
  }
}
