/**
 * What a process decides by itself is decided by the seed while a world is simulated: chance, ids, and when that has
 * happened which was put off to the next turn of the event loop.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import type { Random } from '@hedgerow/common/testing';

type Immediately = (callback: (...values: unknown[]) => void, ...values: unknown[]) => NodeJS.Immediate;

export class Turns {
  readonly #real: Immediately = globalThis.setImmediate as Immediately;
  readonly #pending = new Set<NodeJS.Immediate>();

  /** Everything of this process goes by the seed until the function that this returns is called. */
  install(random: Random): () => void {
    const { setImmediate, clearImmediate } = globalThis;
    const { randomBytes, randomUUID } = crypto;
    const { random: chance } = Math;
    const later: Immediately = (callback, ...values) => this.#later(callback, values);
    globalThis.setImmediate = later as typeof setImmediate;
    globalThis.clearImmediate = immediate => {
      this.#pending.delete(immediate as NodeJS.Immediate);
      clearImmediate(immediate);
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
  async settle(): Promise<void> {
    do await new Promise<void>(resolve => void this.#real(resolve as () => void));
    while (this.#pending.size > 0);
  }

  #later(callback: (...values: unknown[]) => void, values: unknown[]): NodeJS.Immediate {
    const immediate = this.#real(() => {
      this.#pending.delete(immediate);
      callback(...values);
    });
    this.#pending.add(immediate);
    return immediate;
  }
}
