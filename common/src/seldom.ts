import type { Clock } from './clock.ts';

/** ms in which lines of one kind become one */
const QUIET = 60_000;

/**
 * Says what may come a thousand times a second once a minute: the first of a kind at once, those that follow as one
 * with their number. There must be few kinds, none of them made of what strangers send.
 */
export class Seldom {
  readonly #clock: Clock;
  /** kind → how many came since it was said last, and what says them */
  readonly #quiet = new Map<string, { more: number; say: (more: number) => void }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param say gets how many of the kind came since it was called last, besides the one that it is called for */
  say(kind: string, say: (more: number) => void): void {
    const known = this.#quiet.get(kind);
    if (known) {
      known.more += 1;
      known.say = say;
      return;
    }
    say(0);
    this.#keepQuiet(kind);
  }

  #keepQuiet(kind: string): void {
    const counted = { more: 0, say: (_: number) => {} };
    this.#quiet.set(kind, counted);
    this.#clock.after(QUIET, () => {
      this.#quiet.delete(kind);
      if (counted.more === 0) return;
      counted.say(counted.more - 1);
      this.#keepQuiet(kind);
    });
  }
}
