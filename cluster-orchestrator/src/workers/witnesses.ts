/** Live workers that are asked when one is silent: who answers shows that this process can hear. */

/** Asked for one that is silent; others the next time, so that a few that are silent, too, do not decide. */
const WITNESSES = 3;

export class Witnesses {
  /** longest not asked first */
  readonly #live = new Set<string>();

  get any(): boolean {
    return this.#live.size > 0;
  }

  set(id: string, isLive: boolean): void {
    if (isLive) this.#live.add(id);
    else this.#live.delete(id);
  }

  next(): string[] {
    const chosen: string[] = [];
    for (const id of this.#live) {
      if (chosen.length === WITNESSES) break;
      chosen.push(id);
    }
    for (const id of chosen) {
      this.#live.delete(id);
      this.#live.add(id);
    }
    return chosen;
  }
}
