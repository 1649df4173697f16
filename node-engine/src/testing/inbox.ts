/** Collects what arrives and lets a test wait for what it expects, from where it last looked. */
export interface Inbox<T> {
  readonly all: readonly T[];
  put(item: T): void;
  /** The first item after the last one taken that fits; rejects after `limit` ms, naming what came instead. */
  take(fits: (item: T) => boolean, what: string, limit?: number): Promise<T>;
}

export function inbox<T>(): Inbox<T> {
  const all: T[] = [];
  let taken = 0;
  let look = (): void => {};
  return {
    all,
    put(item) {
      all.push(item);
      look();
    },
    take(fits, what, limit = 15_000) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          const came = all
            .slice(taken)
            .map(item => JSON.stringify(item))
            .join('\n');
          reject(new Error(`no ${what} within ${limit} ms; came:\n${came}`));
        }, limit);
        look = () => {
          const at = all.findIndex((item, index) => index >= taken && fits(item));
          if (at < 0) return;
          taken = at + 1;
          clearTimeout(timer);
          look = () => {};
          resolve(all[at] as T);
        };
        look();
      });
    },
  };
}
