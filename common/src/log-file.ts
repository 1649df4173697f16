import { mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** ms between two tries on a pipe whose reader is slow, and how often */
const [PAUSE, TRIES] = [10, 50];

/**
 * Where lines of a log go. One that cannot be written, on a full disk or to a reader that has gone, is lost: nobody's work
 * ends for it.
 */
export class LogFile {
  readonly #file: number;
  /** a line was cut off: the next one must not begin behind it */
  #torn = false;

  /** @param path appended to, made when there is none; a number is an open file */
  constructor(path: string | number) {
    this.#file = typeof path === 'number' ? path : openFile(path);
  }

  write(line: string): void {
    let rest = Buffer.from(this.#torn ? `\n${line}` : line);
    const whole = rest.length;
    for (let tries = 0; rest.length > 0 && tries < TRIES; ) {
      try {
        rest = rest.subarray(writeSync(this.#file, rest));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') break;
        tries += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
      }
    }
    if (rest.length < whole) this.#torn = rest.length > 0;
  }
}

function openFile(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, 'a');
}
