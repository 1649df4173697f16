import type { Clock, Logger } from '@hedgerow/common';
import { Patience } from '../leadership/patience.ts';
import { LEAK_KINDS, type Leak } from './leaks.ts';

export interface SweepParts {
  /** what leaks there are, each way to find them once */
  finders: readonly (() => Promise<Leak[]>)[];
  /**
   * ms that a leak has been there before it is freed. 0 while nothing else writes to the store; else longer than a request
   * takes: a claim is made before its owner is stored
   */
  patience: number;
  /** Hears how many leaks of a kind one turn has found, those that may be none not counted. */
  count?: (kind: Leak['kind'], leaks: number) => void;
  clock: Clock;
  log: Logger;
}

/** Frees what nobody owns. In ordinary life there is nothing: each one is a fault, or the rest of a crash. */
export class Sweep {
  readonly #parts: SweepParts;
  readonly #patience: Patience;

  constructor(parts: SweepParts) {
    this.#parts = parts;
    this.#patience = new Patience(parts.clock, parts.patience);
    for (const kind of LEAK_KINDS) parts.count?.(kind, 0);
  }

  /** @returns how many were freed */
  async run(): Promise<number> {
    const { finders, count, log } = this.#parts;
    const found: Leak[] = [];
    for (const find of finders) found.push(...(await find()));
    const over = this.#patience.over(found.map(({ key }) => key));
    const leaks = found.filter(({ key }) => over.has(key));
    for (const kind of LEAK_KINDS) count?.(kind, leaks.filter(leak => leak.kind === kind).length);
    for (const { kind, what, free } of leaks) {
      await free();
      log.warn({ kind, ...what }, 'freed what nobody owns');
    }
    return leaks.length;
  }
}
