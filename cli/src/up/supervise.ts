import { setTimeout as delay } from 'node:timers/promises';
import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { isAlive, type ProcessId } from '../system/process.ts';
import { tailOf } from '../system/tail.ts';

/** A process that is to run for as long as `hedge up` does. */
export interface Part {
  name: string;
  id: ProcessId;
  /** its file */
  log: string;
  /** Starts another one in its place. @throws UP_FAILED when that does not become ready */
  again(): Promise<Part>;
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
 * @throws UP_FAILED when one dies more than five times in a minute
 */
export async function supervise(parts: readonly Part[], options: SuperviseOptions): Promise<void> {
  await Promise.all(parts.map(part => new Keeper(part, options).run()));
}

class Keeper {
  readonly #options: SuperviseOptions;
  #part: Part;
  /** ms, monotonic */
  #deaths: number[] = [];

  constructor(part: Part, options: SuperviseOptions) {
    this.#part = part;
    this.#options = options;
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
    const { name, id, log } = this.#part;
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter(at => now - at < WITHIN), now];
    const { length } = this.#deaths;
    if (length > MOST_DEATHS) throw hopeless(this.#part, length);
    const wait = length === 1 ? 0 : pause * 2 ** (length - 2);
    const when = wait === 0 ? '' : ` in ${wait / 1000} s`;
    say(`${name} (process ${id.pid}) has ended and is started again${when}; its log: ${log}\n`);
    await this.#sleep(wait);
    if (signal.aborted) return;
    try {
      this.#part = await this.#part.again();
    } catch (error) {
      // One that ends before it is ready is one more death.
      if (!(error instanceof HedgerowError)) throw error;
    }
  }

  async #sleep(ms: number): Promise<void> {
    const { signal } = this.#options;
    // Rejects only when the signal comes, which the loop sees by itself.
    if (ms > 0) await delay(ms, undefined, { signal }).catch(() => {});
  }
}

function hopeless({ name, log }: Part, deaths: number): HedgerowError {
  return new HedgerowError(
    ERRORS.UP_FAILED,
    `${name} has ended ${deaths} times within a minute:\n${tailOf(log)}`,
  );
}
