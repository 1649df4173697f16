import { messageOf } from '@hedgerow/common';
import { aboutKnown } from '../logs/story.ts';
import type { Jobs } from './context.ts';
import { replace } from './replace.ts';

/** Tried in one turn of the event loop; each is a decision over all workers. */
const AT_ONCE = 50;

/** Tries the instances that wait for room, once per burst of reasons to try. */
export class Waiting {
  readonly #jobs: Jobs;
  #asked = false;
  #queue: string[] = [];

  constructor(jobs: Jobs) {
    this.#jobs = jobs;
  }

  /** Room may have appeared: a worker joined, an instance went. */
  kick(): void {
    if (this.#asked) return;
    this.#asked = true;
    setImmediate(() => {
      this.#asked = false;
      const running = this.#queue.length > 0;
      this.#queue = this.#jobs.instances.waiting().map(({ id }) => id);
      if (!running) this.#next();
    });
  }

  /** A turn for everybody else after each part. */
  #next(): void {
    for (const id of this.#queue.splice(0, AT_ONCE)) void this.#try(id);
    if (this.#queue.length > 0) setImmediate(() => this.#next());
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
