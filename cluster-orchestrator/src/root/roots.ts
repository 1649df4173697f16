/** Which root to dial next: the one that led last, then those of the settings, and whom one of them names as leading. */

/** Roots that name each other in a circle, or ever new ones, are not followed for ever. */
const MOST_NAMED = 4;

export class Roots {
  readonly #known: readonly string[];
  #led = '';
  #queue: string[] = [];
  readonly #tried = new Set<string>();
  #named = 0;
  #electing = false;

  /** @param known `host:port` or `unix:/path` each */
  constructor(known: readonly string[]) {
    this.#known = known;
    this.begin();
  }

  /** A new round over all of them. */
  begin(): void {
    this.#queue = [this.#led, ...this.#known].filter(address => address !== '');
    this.#tried.clear();
    this.#named = 0;
    this.#electing = false;
  }

  /** @returns null when every one was tried in this round */
  next(): string | null {
    for (let address = this.#queue.shift(); address !== undefined; address = this.#queue.shift()) {
      if (this.#tried.has(address)) continue;
      this.#tried.add(address);
      return address;
    }
    return null;
  }

  /** The root that was dialed answers and does not lead. @param leader who does; "" = it does not know */
  deferred(leader: string): void {
    this.#electing = true;
    if (leader === '' || this.#named >= MOST_NAMED) return;
    this.#named += 1;
    this.#queue.unshift(leader);
  }

  welcomed(address: string): void {
    this.#led = address;
  }

  /** One that answered in this round said that it does not lead: soon one will. */
  get electing(): boolean {
    return this.#electing;
  }
}
