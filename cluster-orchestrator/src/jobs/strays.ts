/**
 * What others ask for that cannot be, above all what workers say of instances that are not theirs. However much they
 * claim, the log says it once a minute per worker and kind, and so many answers are on their way to one worker at a time; what is left out is found by its sync.
 */
import { type Clock, Seldom } from '@hedgerow/common';

/** Answers under way to one worker: more than it can have instances. */
const MOST_ANSWERS = 256;

export class Strays {
  readonly #seldom: Seldom;
  readonly #answers = new Map<string, number>();

  constructor(clock: Clock) {
    this.#seldom = new Seldom(clock);
  }

  /** @param say gets how many more there were of this kind that were not told */
  tell(who: string, kind: string, say: (more: number) => void): void {
    this.#seldom.say(`${who} ${kind}`, say);
  }

  /** Leaves it out when too many are under way to this worker. */
  async answer(workerId: string, send: () => Promise<unknown>): Promise<void> {
    const underWay = this.#answers.get(workerId) ?? 0;
    if (underWay >= MOST_ANSWERS) return;
    this.#answers.set(workerId, underWay + 1);
    try {
      await send();
    } finally {
      const left = (this.#answers.get(workerId) ?? 1) - 1;
      if (left === 0) this.#answers.delete(workerId);
      else this.#answers.set(workerId, left);
    }
  }
}
