/**
 * What is held for nobody: found every five minutes, told, and mended. There is none of it in ordinary life; a leak is
 * a fault of this program that should cost no room and no address until somebody has found it.
 */
import { type Clock, every, messageOf } from '@hedgerow/common';
import { STATUSES } from '@hedgerow/protos';
import { isHeld } from '../model.ts';
import type { Jobs } from './context.ts';
import type { Deadlines } from './deadlines.ts';
import { detached, removed } from './removed.ts';
import { replace } from './replace.ts';

export const LEAK_KINDS = ['reservation', 'worker', 'deadline'] as const;

export type LeakKind = (typeof LEAK_KINDS)[number];

/** ms */
const SWEEP_EVERY = 300_000;

export class Leaks {
  readonly #jobs: Jobs;
  readonly #deadlines: Deadlines;
  readonly #stop: () => void;
  #found: Readonly<Record<LeakKind, number>> = { reservation: 0, worker: 0, deadline: 0 };

  constructor(jobs: Jobs, deadlines: Deadlines, clock: Clock) {
    this.#jobs = jobs;
    this.#deadlines = deadlines;
    this.#stop = every(clock, SWEEP_EVERY, () => this.sweep());
  }

  /** By the last sweep. */
  get found(): Readonly<Record<LeakKind, number>> {
    return this.#found;
  }

  stop(): void {
    this.#stop();
  }

  sweep(): void {
    this.#found = {
      reservation: this.#reservations(),
      worker: this.#workers(),
      deadline: this.#lateDeadlines(),
    };
    const count = Object.values(this.#found).reduce((a, b) => a + b, 0);
    if (count > 0) this.#jobs.log.error(this.#found, 'what was held for nobody is free again');
  }

  /** Reserved for an instance that does not hold it. */
  #reservations(): number {
    const { capacity, instances } = this.#jobs;
    const idle = [...capacity.holders()].filter(([id, workerId]) => {
      const instance = instances.get(id);
      return !instance || !isHeld(instance) || instance.worker_id !== workerId;
    });
    for (const [id] of idle) capacity.release(id);
    return idle.length;
  }

  /** Instances on a worker that there is not. */
  #workers(): number {
    const { instances, workers } = this.#jobs;
    const lost = instances.all().filter(({ worker_id }) => worker_id !== '' && !workers.get(worker_id));
    for (const instance of lost) {
      const { id } = instance;
      if (instance.desired === 'gone') removed(this.#jobs, id);
      else if (STATUSES[instance.status].final) instances.set(detached(instance));
      else this.#placeAgain(id);
    }
    return lost.length;
  }

  #placeAgain(id: string): void {
    replace(this.#jobs, id, 'its worker is not known any more').catch((error: unknown) => {
      this.#jobs.log.error({ instance: id, error: messageOf(error) }, 'placing again failed');
    });
  }

  /** Timers of an instance that there is not. */
  #lateDeadlines(): number {
    const late = this.#deadlines.ids().filter(id => !this.#jobs.instances.get(id));
    for (const id of late) this.#deadlines.cancel(id);
    return late.length;
  }
}
