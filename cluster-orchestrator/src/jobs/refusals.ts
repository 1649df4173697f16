/** So many instances are remembered; the root asks for each that waits every 10 s. */
const REMEMBERED = 10_000;

/** Why each instance was refused last: whoever asks again for the same reason is answered, and the log spared. */
export class Refusals {
  readonly #reasons = new Map<string, string>();

  /** @returns whether this instance was not refused for this reason the last time, whatever the amounts in it */
  isNews(id: string, reason: string): boolean {
    const words = wordsOf(reason);
    const news = this.#reasons.get(id) !== words;
    this.#reasons.delete(id);
    this.#reasons.set(id, words);
    for (const oldest of this.#reasons.keys()) {
      if (this.#reasons.size <= REMEMBERED) break;
      this.#reasons.delete(oldest);
    }
    return news;
  }

  forget(id: string): void {
    this.#reasons.delete(id);
  }
}

/** @returns the sentence without its amounts, so that two that differ in nothing else are the same */
export function wordsOf(sentence: string): string {
  return sentence.replaceAll(/\d+/g, 'n');
}
