/** Nothing waits for ever: each instance in a state with a deadline has one timer, armed again while the state lasts. */
import type { Clock } from '@hedgerow/common';
import { STATUSES } from '@hedgerow/protos';
import type { Instance } from '../model.ts';

/** ms for a worker to remove an instance: stop grace and kill, with room */
const REMOVAL = 30_000;
/** ms that a worker has to act on its own deadline before the cluster does it for the worker */
const WORKER_GRACE = 30_000;
/** ms at least, so that a restart after a long pause does not fire everything at once */
const SOONEST = 1000;

/** ms; null for a state that may last */
function deadlineOf(instance: Instance): number | null {
  if (instance.desired === 'gone') return REMOVAL;
  const row = STATUSES[instance.status];
  if (row.deadline === null) return null;
  return row.deadline + (row.writers.includes('worker') ? WORKER_GRACE : 0);
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #overdue: (instance: Instance) => Promise<void>;
  readonly #timers = new Map<string, { state: string; cancel: () => void }>();

  /** @param overdue must not reject */
  constructor(clock: Clock, overdue: (instance: Instance) => Promise<void>) {
    this.#clock = clock;
    this.#overdue = overdue;
  }

  update(id: string, instance: Instance | null): void {
    const deadline = instance ? deadlineOf(instance) : null;
    const timer = this.#timers.get(id);
    if (!instance || deadline === null) {
      this.#cancel(id);
      return;
    }
    const state = stateOf(instance);
    if (timer?.state === state) return;
    timer?.cancel();
    this.#arm(instance, state, Math.max(SOONEST, instance.status_since + deadline - this.#clock.now()));
  }

  stop(): void {
    for (const id of [...this.#timers.keys()]) this.#cancel(id);
  }

  #arm(instance: Instance, state: string, ms: number): void {
    const cancel = this.#clock.after(ms, () => this.#fire(instance, state));
    this.#timers.set(instance.id, { state, cancel });
  }

  /** Armed again first, so that an attempt that changes nothing is followed by another. */
  #fire(instance: Instance, state: string): void {
    this.#arm(instance, state, deadlineOf(instance) ?? SOONEST);
    void this.#overdue(instance);
  }

  #cancel(id: string): void {
    this.#timers.get(id)?.cancel();
    this.#timers.delete(id);
  }
}

function stateOf(instance: Instance): string {
  return [instance.desired, instance.status, instance.epoch, instance.deploys, instance.status_since].join(
    '/',
  );
}
