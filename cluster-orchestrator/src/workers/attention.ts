/** Whether this process was awake: what it did not do in time, it may not hold against others. */
import type { Clock } from '@hedgerow/common';

/** ms that a timer may be late before this process counts as having been away */
const LATE = 500;
/** ms between two looks, while somebody is suspected */
const LOOK = 250;

export class Attention {
  readonly #clock: Clock;
  /** monotonic ms when it last came back to itself */
  #wokeAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Looks for pauses from now on. */
  pay(): void {
    if (!this.#cancel) this.#look();
  }

  rest(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /**
   * @param due monotonic ms for which a timer was set
   * @returns whether this process was away then, or so shortly before that an answer could not be awaited
   */
  wasAway(due: number, now: number): boolean {
    return now - due > LATE || now - this.#wokeAt < LATE;
  }

  #look(): void {
    const due = this.#clock.monotonic() + LOOK;
    this.#cancel = this.#clock.after(LOOK, () => {
      const now = this.#clock.monotonic();
      if (now - due > LATE) this.#wokeAt = now;
      this.#look();
    });
  }
}
