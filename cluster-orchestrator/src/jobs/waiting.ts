import { messageOf } from '@hedgerow/common';
import { aboutKnown } from '../logs/story.ts';
import type { Jobs } from './context.ts';
import { replace } from './replace.ts';

/** Tries the instances that wait for room, once per burst of reasons to try. */
export class Waiting {
  readonly #jobs: Jobs;
  #asked = false;

  constructor(jobs: Jobs) {
    this.#jobs = jobs;
  }

  /** Room may have appeared: a worker joined, an instance went. */
  kick(): void {
    if (this.#asked) return;
    this.#asked = true;
    setImmediate(() => {
      this.#asked = false;
      for (const instance of this.#jobs.instances.waiting()) void this.#try(instance.id);
    });
  }

  async #try(id: string): Promise<void> {
    await replace(this.#jobs, id, '').catch((error: unknown) => {
      this.#jobs.log.error(
        { ...aboutKnown(this.#jobs, id), error: messageOf(error) },
        'placing again failed',
      );
    });
  }
}
