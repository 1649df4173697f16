/**
 * Whether this process can hear at all. One voice shows that it can now, and nothing of what was before: whoever was
 * silent along with all others may have been cut off with them, and comes back a little later than the first one, as
 * TCP's waiting grows with the length of the cut.
 */

/** ms that a question may stay unanswered by everybody; more is a silence of all */
const UNANSWERED = 1000;
/** ms without an answer after which a worker may have given up its connection */
const AWAY = 2500;
/** ms beside the length of the silence */
const SLACK = 1500;

export class Hearing {
  /** monotonic ms of the last voice, or of the beginning */
  #lastAt: number;
  /** whose it was */
  #lastId = '';
  /** monotonic ms of the last voice of anybody but that one */
  #otherAt = Number.NEGATIVE_INFINITY;
  /** monotonic ms of the first question to all since the last voice; the beginning is one */
  #askedAt: number | null;
  /** the last silence of all: when it ended, and until when the others have time; monotonic ms */
  #silence = { endedAt: Number.NEGATIVE_INFINITY, until: Number.NEGATIVE_INFINITY };
  /** monotonic ms since when the broker is seen not to answer */
  #cutOffAt: number | null = null;
  /** monotonic ms when the broker, or this process, was back */
  #backAt = Number.NEGATIVE_INFINITY;
  /** ms that a silence of all gives the others at most */
  readonly #longest: number;

  constructor(now: number, longest: number) {
    this.#longest = longest;
    this.#lastAt = now;
    this.#askedAt = now;
  }

  asked(now: number): void {
    this.#askedAt ??= now;
  }

  heard(id: string, now: number): void {
    if (this.#askedAt !== null && now - this.#askedAt >= UNANSWERED) {
      const until = now + Math.min(now - this.#lastAt + SLACK, this.#longest);
      this.#silence = { endedAt: now, until: Math.max(until, this.#silence.until) };
    }
    if (id !== this.#lastId) this.#otherAt = this.#lastId === '' ? this.#otherAt : this.#lastAt;
    [this.#lastId, this.#lastAt, this.#askedAt] = [id, now, null];
    this.isReachable(true, now);
  }

  /** @param reachable does the broker answer? @returns the same */
  isReachable(reachable: boolean, now: number): boolean {
    if (!reachable) this.#cutOffAt ??= now;
    else if (this.#cutOffAt !== null) {
      this.away(now - this.#cutOffAt, now);
      this.#cutOffAt = null;
    }
    return reachable;
  }

  /**
   * Workers may have given up waiting for an answer, and come back by and by.
   *
   * @param ms that the broker, or this process, did not answer
   */
  away(ms: number, now: number): void {
    if (ms > AWAY) this.#backAt = now;
  }

  /** Has anybody but this one been heard since then? */
  heardOther(id: string, since: number): boolean {
    return (this.#lastId !== '' && this.#lastId !== id ? this.#lastAt : this.#otherAt) >= since;
  }

  /**
   * @param heardAt monotonic ms of somebody's last sign of life
   * @param backIn ms that it has when the broker or this process is back
   * @returns ms until its silence may be held against it
   */
  patience(heardAt: number, backIn: number, now: number): number {
    const back = heardAt < this.#backAt ? this.#backAt + backIn - now : 0;
    // one silence after the other puts nothing off for ever
    const counts = heardAt < this.#silence.endedAt && now - heardAt < 2 * this.#longest;
    return Math.max(back, counts ? this.#silence.until - now : 0, 0);
  }
}
