import { messageOf } from '@hedgerow/common';
import type { Jobs } from './context.ts';
import { replace } from './replace.ts';

/** Tries the instances that wait for room, once per burst of reasons to try. */
export class Waiting {
  readonly #jobs: Jobs;
  #asked = false;
  #running: Promise<void> = Promise.resolve();

  constructor(jobs: Jobs) {
    this.#jobs = jobs;
  }

  /** Room may have appeared: a worker joined, an instance went. */
  kick(): void {
    if (this.#asked) return;
    this.#asked = true;
    setImmediate(() => {
      this.#asked = false;
      this.#running = this.#running.then(() => this.#turn());
    });
  }

  async #turn(): Promise<void> {
    for (const instance of this.#jobs.instances.waiting()) {
      await replace(this.#jobs, instance.id, '').catch((error: unknown) => {
        this.#jobs.log.error({ instance: instance.id, error: messageOf(error) }, 'placing again failed');
      });
    }
  }
}
