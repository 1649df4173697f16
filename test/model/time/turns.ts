/**
 * What a process decides by itself is decided by the seed while a world is simulated: chance, ids, and when that has
 * happened which was put off to the next turn of the event loop.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import type { Random } from '@hedgerow/common/testing';

type Immediately = (callback: (...values: unknown[]) => void, ...values: unknown[]) => NodeJS.Immediate;

/** What was put off. Something that `clearImmediate` takes. */
interface Turn {
  run: () => void;
  unref(): Turn;
}

/** Ticks that are ordered at a time: between two of them promises are kept, and the event loop is not gone around. */
const TICKS = 256;

export class Turns {
  readonly #real: Immediately = globalThis.setImmediate as Immediately;
  readonly #waiting = new Set<Turn>();
  #holds = 0;
  #ticks = 0;
  #settled: (() => void) | null = null;

  /** Everything of this process goes by the seed until the function that this returns is called. */
  install(random: Random): () => void {
    const { setImmediate, clearImmediate } = globalThis;
    const { randomBytes, randomUUID } = crypto;
    const { random: chance } = Math;
    const later: Immediately = (callback, ...values) => this.#later(() => callback(...values));
    globalThis.setImmediate = later as typeof setImmediate;
    globalThis.clearImmediate = immediate => {
      if (!this.#waiting.delete(immediate as unknown as Turn)) clearImmediate(immediate);
    };
    Math.random = () => random.next();
    const bytes = (count: number) => random.bytes(count);
    Object.assign(crypto, { randomBytes: bytes, randomUUID: () => bytes(16).toString('hex') });
    syncBuiltinESMExports();
    return () => {
      Object.assign(globalThis, { setImmediate, clearImmediate });
      Object.assign(crypto, { randomBytes, randomUUID });
      Math.random = chance;
      syncBuiltinESMExports();
    };
  }

  /** Resolves when nothing is left to do but to wait for simulated time: no promise, no turn of the event loop. */
  settle(): Promise<void> {
    if (this.#ticks === 0) this.#order();
    return new Promise(resolve => {
      this.#settled = resolve;
    });
  }

  /** What is put off is not done, and not waited for. @returns ends it */
  hold(): () => void {
    this.#holds += 1;
    return () => {
      this.#holds -= 1;
    };
  }

  #later(run: () => void): NodeJS.Immediate {
    const turn: Turn = { run, unref: () => turn };
    this.#waiting.add(turn);
    return turn as unknown as NodeJS.Immediate;
  }

  #order(): void {
    this.#ticks = TICKS;
    for (let left = TICKS; left > 0; left--) this.#real(() => this.#tick());
  }

  /** All promises have been kept: the next that was put off, or that is all. */
  #tick(): void {
    this.#ticks -= 1;
    if (this.#ticks === 0 && this.#settled) this.#order();
    const [turn] = this.#holds > 0 ? [] : this.#waiting;
    const settled = this.#settled;
    if (turn) {
      this.#waiting.delete(turn);
      turn.run();
    } else if (settled) {
      this.#settled = null;
      settled();
    }
  }
}
