import { setTimeout as delay } from 'node:timers/promises';
import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { isAlive, type ProcessId } from '../system/process.ts';
import { wordsOf } from './ending.ts';
import { lastWords } from './troubles.ts';

/** A process that is to run for as long as `hedge up` does. */
export interface Part {
  name: string;
  id: ProcessId;
  /** its file */
  log: string;
  /** how it ended, once it has: `by SIGKILL`, `with code 1` */
  ending: Promise<string>;
  /**
   * Starts another one in its place. After `signal` it starts nothing and waits for nothing.
   * @throws UP_FAILED when that does not become ready; the reason of `signal`
   */
  again(signal: AbortSignal): Promise<Part>;
}

export interface SuperviseOptions {
  say: (text: string) => void;
  /** ends the supervision: from then on processes end because they are to */
  signal: AbortSignal;
  /** ms between two looks, and after the second death; doubles with each further one within a minute */
  every?: number;
  pause?: number;
}

/** Whatever dies more often within `WITHIN` dies of something that a start does not mend. */
const MOST_DEATHS = 5;
const WITHIN = 60_000;

/**
 * Starts each part again that ends although nobody asked it to: at once, then more and more slowly; until `signal`.
 * @throws UP_FAILED when one dies more than five times in a minute; by then nothing is started again any more
 */
export async function supervise(parts: readonly Part[], options: SuperviseOptions): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const keep = (part: Part) =>
    new Keeper(part, { ...options, signal }).run().catch((error: unknown) => {
      over.abort();
      throw error;
    });
  // All of them, not the first: one that is just starting its part again would do so during the teardown.
  const ends = await Promise.allSettled(parts.map(keep));
  const failed = ends.find(end => end.status === 'rejected');
  if (failed) throw failed.reason;
}

class Keeper {
  readonly #options: SuperviseOptions;
  #part: Part;
  /** ms, monotonic */
  #deaths: number[] = [];
  /** what is said of the end that is just seen */
  #ended = '';
  /** what is said of it when it is the last one */
  #last = '';

  constructor(part: Part, options: SuperviseOptions) {
    this.#part = part;
    this.#options = options;
    this.#ended = hasEnded(part);
  }

  async run(): Promise<void> {
    const { signal, every = 250 } = this.#options;
    while (!signal.aborted) {
      if (isAlive(this.#part.id)) await this.#sleep(every);
      else await this.#startAgain();
    }
  }

  async #startAgain(): Promise<void> {
    const { say, signal, pause = 1000 } = this.#options;
    const { name, log } = this.#part;
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter(at => now - at < WITHIN), now];
    const { length } = this.#deaths;
    if (length > MOST_DEATHS) throw hopeless(this.#part, { deaths: length, last: await this.#lastEnd() });
    const wait = length === 1 ? 0 : pause * 2 ** (length - 2);
    const when = wait === 0 ? '' : ` in ${wait / 1000} s`;
    say(`${this.#ended} and is started again${when}; its log: ${log}\n`);
    await this.#sleep(wait);
    if (signal.aborted) return;
    try {
      this.#part = await this.#part.again(signal);
      this.#ended = hasEnded(this.#part);
      this.#last = '';
    } catch (error) {
      if (signal.aborted) return;
      // One that ends before it is ready is one more death.
      if (!(error instanceof HedgerowError)) throw error;
      this.#ended = `${name} did not come back`;
      this.#last = error.message.replace(/:?\n[\s\S]*$/, '');
    }
  }

  async #lastEnd(): Promise<string> {
    return this.#last || `it ended ${await wordsOf(this.#part.ending)}`;
  }

  async #sleep(ms: number): Promise<void> {
    const { signal } = this.#options;
    // Rejects only when the signal comes, which the loop sees by itself.
    if (ms > 0) await delay(ms, undefined, { signal }).catch(() => {});
  }
}

function hopeless({ name, log }: Part, { deaths, last }: { deaths: number; last: string }): HedgerowError {
  return new HedgerowError(
    ERRORS.UP_FAILED,
    `${name} has ended ${deaths} times within a minute, the last time: ${last}; last output: ${lastWords(log)}`,
  );
}

function hasEnded({ name, id }: Part): string {
  return `${name} (process ${id.pid}) has ended`;
}
