import type { Logger } from '@hedgerow/common';

export type LeakKind = 'containers' | 'holds';

/** What was found that nobody had. Each is counted and logged once, however often it is found. */
export class Leaks {
  readonly #log: Logger;
  readonly #known: Readonly<Record<LeakKind, Set<string>>> = { containers: new Set(), holds: new Set() };

  constructor(log: Logger) {
    this.#log = log;
  }

  found(kind: LeakKind, id: string): void {
    const known = this.#known[kind];
    if (known.has(id)) return;
    known.add(id);
    this.#log.warn({ kind, leak: id }, 'belongs to no instance; it is removed');
  }

  /** Since this engine began. */
  get counts(): Readonly<Record<LeakKind, number>> {
    return { containers: this.#known.containers.size, holds: this.#known.holds.size };
  }
}
