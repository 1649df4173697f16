import type { Clock } from '@hedgerow/common';

/** Runs a task per key at once, but at most once per `ms`; what was asked for meanwhile runs when the time is up. */
export class Throttle {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #task: (key: string) => Promise<void>;
  readonly #cooling = new Map<string, { again: boolean; cancel: () => void }>();
  readonly #running = new Set<Promise<void>>();

  /** @param task must not reject */
  constructor(clock: Clock, ms: number, task: (key: string) => Promise<void>) {
    this.#clock = clock;
    this.#ms = ms;
    this.#task = task;
  }

  request(key: string): void {
    const cooling = this.#cooling.get(key);
    if (cooling) {
      cooling.again = true;
      return;
    }
    const cancel = this.#clock.after(this.#ms, () => this.#cooled(key));
    this.#cooling.set(key, { again: false, cancel });
    this.#run(key);
  }

  /** Runs it now, whatever the time. */
  hurry(key: string): void {
    const cooling = this.#cooling.get(key);
    if (cooling) cooling.again = false;
    this.#run(key);
  }

  /** Runs at once what is waiting; resolves when nothing runs. */
  async flush(): Promise<void> {
    for (const [key, { again, cancel }] of this.#cooling) {
      cancel();
      if (again) this.#run(key);
    }
    this.#cooling.clear();
    await Promise.all(this.#running);
  }

  #cooled(key: string): void {
    const again = this.#cooling.get(key)?.again;
    this.#cooling.delete(key);
    if (again) this.request(key);
  }

  #run(key: string): void {
    const run = this.#task(key);
    this.#running.add(run);
    void run.finally(() => this.#running.delete(run));
  }
}
