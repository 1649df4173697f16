/** ms of real time after which something that should happen counts as not happening */
const PATIENCE = 5000;

type Awaitable<T> = T | Promise<T>;

/** Resolves with the first value that is not undefined, null or false; looks again in each turn of the event loop. */
export async function until<T>(
  what: string,
  look: () => Awaitable<T | undefined | null | false>,
): Promise<T> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (performance.now() > end) throw new Error(`did not happen: ${what}`);
    await turn();
  }
}

export function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

/** Messages in order of arrival, taken out one kind at a time. */
export class Inbox<T> {
  readonly all: T[] = [];
  readonly #untaken: T[] = [];

  put(message: T): void {
    this.all.push(message);
    this.#untaken.push(message);
  }

  /** Waits for the next message that `matches` and takes it. */
  take<S extends T>(what: string, matches: (message: T) => message is S): Promise<S>;
  take(what: string, matches: (message: T) => boolean): Promise<T>;
  take(what: string, matches: (message: T) => boolean): Promise<T> {
    return until(what, () => {
      const index = this.#untaken.findIndex(matches);
      return index < 0 ? undefined : this.#untaken.splice(index, 1)[0];
    });
  }

  /** Those that nobody has taken. */
  untaken(matches: (message: T) => boolean): T[] {
    return this.#untaken.filter(matches);
  }

  clear(): void {
    this.#untaken.length = 0;
  }
}
