import type { FromRoot } from '@hedgerow/protos';

export type Body = NonNullable<FromRoot['body']>;
export type Hearing<B extends Body> = NonNullable<FromRoot[B]>;

/** ms that a message may be waited for */
const PATIENCE = 3000;

/** Messages that came and were not asked for yet, in order. */
export class Inbox {
  readonly #messages: FromRoot[] = [];
  readonly #readers = new Set<() => void>();

  push(message: FromRoot): void {
    this.#messages.push(message);
    for (const read of this.#readers) read();
  }

  of<B extends Body>(body: B): Hearing<B>[] {
    return this.#messages.filter(m => m.body === body).map(m => m[body] as Hearing<B>);
  }

  /** The oldest one of this kind, or the next to come. */
  async next<B extends Body>(
    body: B,
    matches: (message: Hearing<B>) => boolean = () => true,
  ): Promise<Hearing<B>> {
    const { promise, resolve, reject } = Promise.withResolvers<Hearing<B>>();
    const unheard = () =>
      reject(new Error(`heard no ${body}, but ${JSON.stringify(this.#messages.slice(-20))}`));
    const late = setTimeout(unheard, PATIENCE);
    const read = (): void => {
      const message = this.#take(body, matches);
      if (message) resolve(message);
    };
    this.#readers.add(read);
    read();
    return promise.finally(() => {
      clearTimeout(late);
      this.#readers.delete(read);
    });
  }

  #take<B extends Body>(body: B, matches: (message: Hearing<B>) => boolean): Hearing<B> | null {
    const index = this.#messages.findIndex(m => m.body === body && matches(m[body] as Hearing<B>));
    return index < 0 ? null : (this.#messages.splice(index, 1)[0]?.[body] as Hearing<B>);
  }
}
