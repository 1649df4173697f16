/** Remembers the Engine's events, so that one can be waited for that may already have happened. */
import type { Lifecycle } from '@hedgerow/common';
import type { DockerEngine, DockerEvent } from './engine.ts';

interface Waiter {
  matches(event: DockerEvent): boolean;
  resolve(event: DockerEvent): void;
}

export class EngineWatch {
  #events: DockerEvent[] = [];
  readonly #waiters = new Set<Waiter>();

  static async open(life: Lifecycle, engine: DockerEngine): Promise<EngineWatch> {
    const watch = new EngineWatch();
    life.add('docker events', await engine.events(event => watch.#take(event)));
    return watch;
  }

  /** What happened until now is forgotten. */
  forget(): void {
    this.#events = [];
  }

  /** How many containers did this, as far as is remembered. */
  count(action: string): number {
    return this.#events.filter(event => event.action === action).length;
  }

  /** @param containerId any container when left out. @throws after `ms` */
  next(action: string, containerId?: string, ms = 20_000): Promise<DockerEvent> {
    const matches = (event: DockerEvent): boolean =>
      event.action === action && (containerId === undefined || event.containerId === containerId);
    const seen = this.#events.find(matches);
    if (seen) return Promise.resolve(seen);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { matches, resolve: done };
      const timer = setTimeout(fail, ms, this.#waiters);
      this.#waiters.add(waiter);
      function done(event: DockerEvent): void {
        clearTimeout(timer);
        resolve(event);
      }
      function fail(waiters: Set<Waiter>): void {
        waiters.delete(waiter);
        reject(new Error(`docker did not report "${action}" within ${ms} ms`));
      }
    });
  }

  #take(event: DockerEvent): void {
    this.#events.push(event);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(event)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(event);
    }
  }
}
