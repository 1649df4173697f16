/**
 * Which workers are there. Silence makes a worker suspect and a probe is sent; it is dead when `deadAfter` has
 * passed since its last sign of life. One timer per worker, and none of them means anything while this process cannot
 * hear: after a pause of its own, or with its broker out of reach, a worker gets another probe instead of a verdict.
 *
 *     awaited ──sync──▶ live ◀──any sign── suspect ──▶ dead ──sync──▶ live
 */
import type { Clock } from '@hedgerow/common';

export type Standing = 'awaited' | 'live' | 'suspect' | 'dead';

export type StandingListener = (workerId: string, standing: Standing) => void;

export interface LivenessOptions {
  clock: Clock;
  /** ms from the last sign of life to dead */
  deadAfter: number;
  /** ms that a worker has to appear after the start of the cluster or its own registration */
  grace: number;
  /** can the workers be heard at all? */
  reachable(): boolean;
  probe(workerId: string): void;
}

interface Watch {
  standing: Standing;
  /** monotonic ms of the last sign of life */
  heardAt: number;
  due: number;
  cancel: () => void;
}

/** ms of silence until a probe; one beat comes every 3 s */
const SUSPECT_AFTER = 3500;
/** ms that a timer may be late before this process counts as having been away */
const LATE = 500;

export class Liveness {
  readonly #options: LivenessOptions;
  readonly #suspectAfter: number;
  readonly #watches = new Map<string, Watch>();
  readonly #listeners: StandingListener[] = [];

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#suspectAfter = Math.min(SUSPECT_AFTER, options.deadAfter * 0.7);
  }

  onChange(listener: StandingListener): void {
    this.#listeners.push(listener);
  }

  /** A worker is known from now on; the same again changes nothing. */
  watch(id: string): void {
    if (this.#watches.has(id)) return;
    const heardAt = this.#options.clock.monotonic();
    const watch: Watch = { standing: 'awaited', heardAt, due: 0, cancel: () => {} };
    this.#watches.set(id, watch);
    this.#arm(id, watch, this.#options.grace);
  }

  unwatch(id: string): void {
    this.#watches.get(id)?.cancel();
    this.#watches.delete(id);
  }

  standing(id: string): Standing | null {
    return this.#watches.get(id)?.standing ?? null;
  }

  /** Can it be sent to? */
  isThere(id: string): boolean {
    const standing = this.standing(id);
    return standing === 'live' || standing === 'suspect';
  }

  /** Not given up: there, or awaited after a start. */
  isExpected(id: string): boolean {
    return this.isThere(id) || this.standing(id) === 'awaited';
  }

  /** ms since the last sign of life; null for a worker that has given none yet */
  silence(id: string): number | null {
    const watch = this.#watches.get(id);
    if (!watch || watch.standing === 'awaited') return null;
    return this.#options.clock.monotonic() - watch.heardAt;
  }

  /** A sign of life. A worker that was given up is not taken back by it: it has to sync first. */
  heard(id: string): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    watch.heardAt = this.#options.clock.monotonic();
    if (watch.standing === 'suspect') this.#live(id, watch);
  }

  /** Its connection is closed. The closing itself is the last sign of life. */
  closed(id: string): void {
    const watch = this.#watches.get(id);
    if (watch?.standing !== 'live') return;
    watch.heardAt = this.#options.clock.monotonic();
    this.#suspect(id, watch, this.#options.deadAfter);
  }

  /** It told everything that it has. */
  synced(id: string): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    watch.heardAt = this.#options.clock.monotonic();
    if (watch.standing !== 'live') this.#live(id, watch);
  }

  stop(): void {
    for (const watch of this.#watches.values()) watch.cancel();
    this.#watches.clear();
  }

  #turn(id: string, watch: Watch): void {
    const now = this.#options.clock.monotonic();
    const deaf = now - watch.due > LATE || !this.#options.reachable();
    const silent = now - watch.heardAt;
    if (watch.standing === 'live' && silent < this.#suspectAfter) {
      this.#arm(id, watch, this.#suspectAfter - silent);
    } else if (watch.standing === 'live') {
      const left = this.#options.deadAfter - silent;
      this.#suspect(id, watch, deaf ? this.#answerTime : left);
    } else if (deaf) {
      this.#options.probe(id);
      this.#arm(id, watch, watch.standing === 'awaited' ? this.#options.grace : this.#answerTime);
    } else this.#set(id, watch, 'dead');
  }

  /** ms between a probe and the verdict */
  get #answerTime(): number {
    return this.#options.deadAfter - this.#suspectAfter;
  }

  #live(id: string, watch: Watch): void {
    this.#arm(id, watch, this.#suspectAfter);
    this.#set(id, watch, 'live');
  }

  #suspect(id: string, watch: Watch, verdictIn: number): void {
    this.#arm(id, watch, verdictIn);
    this.#set(id, watch, 'suspect');
    this.#options.probe(id);
  }

  #set(id: string, watch: Watch, standing: Standing): void {
    watch.standing = standing;
    for (const listener of this.#listeners) listener(id, standing);
  }

  #arm(id: string, watch: Watch, ms: number): void {
    watch.cancel();
    watch.due = this.#options.clock.monotonic() + ms;
    watch.cancel = this.#options.clock.after(ms, () => this.#turn(id, watch));
  }
}
