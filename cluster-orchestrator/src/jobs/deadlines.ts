/**
 * Nothing waits for ever: each instance in a state with a deadline has one timer, armed again while the state lasts.
 * The time runs from the moment that the state began in this process, whatever the wall clock says meanwhile; only
 * of what was loaded from disk is the age known by the wall clock alone.
 */
import type { Clock } from '@hedgerow/common';
import { STATUSES } from '@hedgerow/protos';
import type { Instance } from '../model.ts';

/** ms for a worker to remove an instance: stop grace and kill, with room */
const REMOVAL = 30_000;
/** ms that a worker has to act on its own deadline before the cluster does it for the worker */
const WORKER_GRACE = 30_000;
/** ms at least, so that a restart after a long pause does not fire everything at once */
const SOONEST = 1000;
/** ms after an attempt that failed */
const AGAIN = 5000;

/** ms; null for a state that may last */
export function deadlineOf(instance: Instance): number | null {
  if (instance.desired === 'gone') return REMOVAL;
  const row = STATUSES[instance.status];
  if (row.deadline === null) return null;
  return row.deadline + (row.writers.includes('worker') ? WORKER_GRACE : 0);
}

interface Timer {
  state: string;
  cancel: () => void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #overdue: (instance: Instance) => Promise<boolean>;
  readonly #timers = new Map<string, Timer>();

  /** @param overdue must not reject; returns false when it could not act */
  constructor(clock: Clock, overdue: (instance: Instance) => Promise<boolean>) {
    this.#clock = clock;
    this.#overdue = overdue;
  }

  /** From disk: its state began before this process. A clock that was set meanwhile makes it as new or overdue, no worse. */
  load(instance: Instance): void {
    const deadline = deadlineOf(instance);
    if (deadline === null) return;
    const age = Math.min(Math.max(0, this.#clock.now() - instance.status_since), deadline);
    this.#arm(instance, Math.max(SOONEST, deadline - age));
  }

  update(id: string, instance: Instance | null): void {
    const deadline = instance ? deadlineOf(instance) : null;
    if (!instance || deadline === null) this.cancel(id);
    else if (this.#timers.get(id)?.state !== stateOf(instance)) this.#arm(instance, deadline);
  }

  /** Of which instances something is waited for. */
  ids(): string[] {
    return [...this.#timers.keys()];
  }

  cancel(id: string): void {
    this.#timers.get(id)?.cancel();
    this.#timers.delete(id);
  }

  stop(): void {
    for (const id of this.ids()) this.cancel(id);
  }

  #arm(instance: Instance, ms: number): void {
    this.#timers.get(instance.id)?.cancel();
    const timer: Timer = { state: stateOf(instance), cancel: () => {} };
    timer.cancel = this.#clock.after(ms, () => void this.#fire(instance, timer));
    this.#timers.set(instance.id, timer);
  }

  /** Armed again first, so that an attempt that changes nothing is followed by another. */
  async #fire(instance: Instance, fired: Timer): Promise<void> {
    const { id } = instance;
    this.#arm(instance, deadlineOf(instance) ?? SOONEST);
    const acted = await this.#overdue(instance);
    if (!acted && this.#timers.get(id)?.state === fired.state) this.#arm(instance, AGAIN);
  }
}

function stateOf(instance: Instance): string {
  return [instance.desired, instance.status, instance.epoch, instance.deploys, instance.status_since].join(
    '/',
  );
}
