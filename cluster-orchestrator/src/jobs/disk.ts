/** Can what is decided here be remembered? A store that takes nothing is told of once, and once that it does again. */
import { type Clock, isErrorOf, type Logger, messageOf, STORE_ERRORS } from '@hedgerow/common';

export interface DiskDeps {
  clock: Clock;
  log: Logger;
  /** rejects while nothing can be written; without it the next write of an instance tells */
  probe?: (() => Promise<unknown>) | undefined;
}

/** ms between two tries while nothing is taken */
export const WRITE_AGAIN = 5000;

export class Disk {
  readonly #deps: DiskDeps;
  #error: unknown = null;
  #cancel: () => void = () => {};
  #stopped = false;

  constructor(deps: DiskDeps) {
    this.#deps = deps;
  }

  get failing(): boolean {
    return this.#error !== null;
  }

  /** @returns a sentence, or null while all is well */
  trouble(clusterName: string): string | null {
    if (this.#error === null) return null;
    if (isErrorOf(this.#error, STORE_ERRORS.STORE_FULL)) return `the disk of cluster ${clusterName} is full`;
    return `the store of cluster ${clusterName} takes nothing: ${messageOf(this.#error)}`;
  }

  failed(error: unknown): void {
    const first = this.#error === null;
    this.#error = error;
    if (!first) return;
    this.#deps.log.error(
      { error: messageOf(error) },
      'the store takes nothing; what runs goes on, and what is new is refused',
    );
    this.#probeLater();
  }

  wrote(): void {
    if (this.#error === null) return;
    this.#cancel();
    this.#error = null;
    this.#deps.log.info({}, 'the store takes what is written again');
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #probeLater(): void {
    const { probe, clock } = this.#deps;
    if (!probe || this.#stopped) return;
    this.#cancel = clock.after(WRITE_AGAIN, () => {
      probe().then(
        () => this.wrote(),
        (error: unknown) => {
          this.#error = error;
          this.#probeLater();
        },
      );
    });
  }
}

/** Whoever fails because nothing is taken need not say so again. */
export function isStoreError(error: unknown): boolean {
  return isErrorOf(error, STORE_ERRORS.STORE_FULL) || isErrorOf(error, STORE_ERRORS.STORE_FAILED);
}
