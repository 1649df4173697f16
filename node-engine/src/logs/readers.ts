import type { Clock } from '@hedgerow/common';

/** ms that the removal of a container waits for those who read its last lines */
const PATIENCE = 1000;

/** Who reads which container's output. Its log goes with the container, so who removes it waits here for a moment. */
export class Readers {
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns to be called when everything has been read */
  begin(container: string): () => void {
    this.#count(container, 1);
    return () => this.#count(container, -1);
  }

  /** For a container that has ended. Resolves when nobody reads it any more, at the latest after a second. */
  async settled(container: string): Promise<void> {
    if (!this.#counts.has(container)) return;
    const waiting = this.#waiting.get(container) ?? Promise.withResolvers<void>();
    this.#waiting.set(container, waiting);
    const cancel = this.#clock.after(PATIENCE, () => waiting.resolve());
    await waiting.promise;
    cancel();
    this.#waiting.delete(container);
  }

  #count(container: string, change: 1 | -1): void {
    const count = (this.#counts.get(container) ?? 0) + change;
    if (count > 0) this.#counts.set(container, count);
    else {
      this.#counts.delete(container);
      this.#waiting.get(container)?.resolve();
    }
  }
}
