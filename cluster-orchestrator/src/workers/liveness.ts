/**
 * Which workers are there. Silence makes a worker suspect and a probe is sent; it is dead when its `dead_after` has
 * passed since its last sign of life. One timer per worker, and none of them means anything while this process cannot
 * hear: after a pause of its own, with its broker out of reach, or while none of its other workers answers either, a
 * worker gets another probe instead of a verdict. When somebody is heard again, the others have time to follow. What
 * has arrived is heard before any verdict.
 *
 *     awaited ──sync──▶ live ◀──any sign── suspect ──▶ dead ──sync──▶ live
 */
import type { Clock } from '@hedgerow/common';
import { Attention } from './attention.ts';
import { Blackout } from './blackout.ts';
import { Hearing } from './hearing.ts';
import {
  answerTime,
  backIn,
  DEFAULT_RHYTHM,
  deadAfter,
  lostAfter,
  type Rhythm,
  type Settings,
  suspectAfter,
} from './rhythm.ts';
import { Witnesses } from './witnesses.ts';

export type Standing = 'awaited' | 'live' | 'suspect' | 'dead';

export type StandingListener = (workerId: string, standing: Standing) => void;

export interface LivenessOptions extends Settings {
  clock: Clock;
  /** can the workers be heard at all? */
  reachable(): boolean;
  probe(workerId: string): void;
  /** Calls back when everything that has arrived by now was heard; never in the same turn of the event loop. */
  heardAll?: (callback: () => void) => void;
}

interface Watch {
  standing: Standing;
  rhythm: Rhythm;
  /** monotonic ms of the last sign of life; at first, since when it is awaited */
  heardAt: number;
  /** monotonic ms since when it is awaited or suspect, while it is */
  since: number;
  due: number;
  cancel: () => void;
}

/** ms without another arrival after which a crowd that comes back, however slowly, is complete */
const ARRIVING = 2000;

export class Liveness {
  readonly #options: LivenessOptions;
  readonly #heardAll: (callback: () => void) => void;
  readonly #attention: Attention;
  readonly #blackout: Blackout;
  readonly #hearing: Hearing;
  readonly #witnesses = new Witnesses();
  readonly #watches = new Map<string, Watch>();
  readonly #counts: Record<Standing, number> = { awaited: 0, live: 0, suspect: 0, dead: 0 };
  readonly #listeners: StandingListener[] = [];
  readonly #overListeners: (() => void)[] = [];
  /** monotonic ms when one that was awaited came */
  #arrivedAt = Number.NEGATIVE_INFINITY;

  constructor(options: LivenessOptions) {
    this.#options = options;
    // timers come before what arrived while this process was busy; one turn later that has been read
    this.#heardAll = options.heardAll ?? (callback => void setImmediate(callback));
    this.#attention = new Attention(options.clock);
    this.#hearing = new Hearing(options.clock.monotonic(), options.grace);
    this.#blackout = new Blackout({
      clock: options.clock,
      followIn: options.grace,
      onOver: () => {
        for (const listener of this.#overListeners) listener();
      },
    });
  }

  onChange(listener: StandingListener): void {
    this.#listeners.push(listener);
  }

  /** Workers that were lost together are awaited no more: what waited for them may go elsewhere. */
  onBlackoutOver(listener: () => void): void {
    this.#overListeners.push(listener);
  }

  /** A worker is known from now on; of one that is known already, what it says of its rhythm. */
  watch(id: string, told: Partial<Rhythm> = {}): void {
    const rhythm = { ...DEFAULT_RHYTHM, ...told };
    const known = this.#watches.get(id);
    if (known) {
      known.rhythm = rhythm;
      return;
    }
    const now = this.#options.clock.monotonic();
    const watch: Watch = { standing: 'awaited', rhythm, heardAt: now, since: now, due: 0, cancel() {} };
    this.#watches.set(id, watch);
    this.#counts.awaited += 1;
    this.#arm(id, watch, backIn(rhythm, this.#options));
  }

  unwatch(id: string): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    watch.cancel();
    this.#watches.delete(id);
    this.#count(id, watch.standing, null);
    this.#blackout.forget(id);
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

  /** Lost together with all others, and expected back as they are: what it ran is not given to another one yet. */
  isAwaitedBack(id: string): boolean {
    return this.standing(id) === 'dead' && this.#blackout.has(id);
  }

  /** It may still come back with what it ran when it was lost: also after a restart, which forgets who was lost together. */
  mayReturn(id: string): boolean {
    return this.standing(id) === 'awaited' || this.isAwaitedBack(id);
  }

  /** ms from this worker's last sign of life to dead */
  deadAfter(id: string): number {
    return deadAfter(this.#watches.get(id)?.rhythm ?? DEFAULT_RHYTHM, this.#options);
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
    this.#noted(id, watch);
    if (watch.standing === 'suspect') this.#live(id, watch);
    if (watch.standing === 'live') this.#blackout.forget(id);
  }

  /** Its connection is closed. The closing itself is the last sign of life. */
  closed(id: string): void {
    const watch = this.#watches.get(id);
    if (watch?.standing !== 'live') return;
    this.#noted(id, watch);
    this.#suspect(id, watch, this.deadAfter(id));
  }

  /** It told everything that it has, or has what it was believed to have. */
  synced(id: string): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    this.#noted(id, watch);
    if (watch.standing === 'awaited') this.#arrivedAt = watch.heardAt;
    if (watch.standing !== 'live') this.#live(id, watch);
    this.#blackout.forget(id);
  }

  stop(): void {
    for (const watch of this.#watches.values()) watch.cancel();
    this.#watches.clear();
    this.#blackout.stop();
    this.#attention.rest();
  }

  #noted(id: string, watch: Watch): void {
    watch.heardAt = this.#options.clock.monotonic();
    this.#hearing.heard(id, watch.heardAt);
  }

  #turn(id: string, watch: Watch): void {
    const now = this.#options.clock.monotonic();
    this.#hearing.away(now - watch.due, now);
    const reachable = this.#hearing.isReachable(this.#options.reachable(), now);
    const deaf = this.#attention.wasAway(watch.due, now) || !reachable;
    const patience = this.#patience(id, watch, now);
    if (watch.standing === 'live') this.#doubt(id, watch, deaf);
    else if (deaf) this.#probeAgain(id, watch);
    else if (patience > 0) this.#probeAgain(id, watch, patience);
    else if (!this.#hearsNobody(id, watch)) this.#verdict(id, watch);
    else if (now - watch.heardAt < lostAfter(watch.rhythm, this.#options)) this.#probeAgain(id, watch);
    else this.#loseAll(id, watch);
  }

  #doubt(id: string, watch: Watch, deaf: boolean): void {
    const silent = this.#options.clock.monotonic() - watch.heardAt;
    const doubtful = suspectAfter(watch.rhythm, this.#options);
    if (silent < doubtful) this.#arm(id, watch, doubtful - silent);
    else {
      const answer = answerTime(watch.rhythm, this.#options);
      this.#suspect(id, watch, deaf ? answer : Math.max(this.deadAfter(id) - silent, 0));
    }
  }

  /** @returns ms until its silence may be held against it */
  #patience(id: string, watch: Watch, now: number): number {
    const patience = this.#hearing.patience(watch.heardAt, backIn(watch.rhythm, this.#options), now);
    if (watch.standing !== 'awaited') return patience;
    const beats = watch.heardAt > watch.since && now - watch.heardAt < this.deadAfter(id);
    const arriving = beats || now - this.#arrivedAt < ARRIVING;
    const longest = watch.since + lostAfter(watch.rhythm, this.#options) - now;
    return Math.max(patience, arriving ? longest : 0);
  }

  /** Nobody else has shown a sign of life since this one is looked for, though there are others. */
  #hearsNobody(id: string, watch: Watch): boolean {
    if (watch.standing === 'live' || watch.standing === 'dead') return false;
    const { live, suspect, awaited } = this.#counts;
    const others = live + suspect + (watch.standing === 'awaited' ? awaited : 0) - 1;
    return (others > 0 || this.#blackout.hasOther(id)) && !this.#hearing.heardOther(id, watch.since);
  }

  /** From the first one on: nothing of any of them is placed elsewhere until they have had time to come back. */
  #loseAll(id: string, watch: Watch): void {
    this.#verdict(id, watch, () => {
      const lost = this.#hearsNobody(id, watch);
      if (lost) this.#blackout.begin([...this.#watches.keys()].filter(other => this.isExpected(other)));
      else this.#probeAgain(id, watch);
      return lost;
    });
  }

  /** @param within ms */
  #probeAgain(id: string, watch: Watch, within = Number.POSITIVE_INFINITY): void {
    this.#arm(id, watch, Math.min(answerTime(watch.rhythm, this.#options), within));
    this.#ask(id, watch);
  }

  /** While nobody answers, others are asked each time. */
  #ask(id: string, watch: Watch): void {
    this.#options.probe(id);
    if (this.#hearing.heardOther(id, watch.since)) return;
    this.#hearing.asked(this.#options.clock.monotonic());
    for (const other of this.#witnesses.next()) this.#options.probe(other);
  }

  /** Its answer may wait in the socket. @param still does what was seen hold when that has been heard? */
  #verdict(id: string, watch: Watch, still = () => true): void {
    const { due } = watch;
    this.#heardAll(() => {
      if (this.#watches.get(id) === watch && watch.due === due && still()) this.#set(id, watch, 'dead');
    });
  }

  #live(id: string, watch: Watch): void {
    this.#arm(id, watch, suspectAfter(watch.rhythm, this.#options));
    this.#set(id, watch, 'live');
  }

  #suspect(id: string, watch: Watch, verdictIn: number): void {
    watch.since = this.#options.clock.monotonic();
    this.#arm(id, watch, verdictIn);
    this.#set(id, watch, 'suspect');
    this.#ask(id, watch);
  }

  #set(id: string, watch: Watch, standing: Standing): void {
    const before = watch.standing;
    watch.standing = standing;
    this.#count(id, before, standing);
    for (const listener of this.#listeners) listener(id, standing);
  }

  #count(id: string, before: Standing, after: Standing | null): void {
    this.#counts[before] -= 1;
    if (after) this.#counts[after] += 1;
    this.#witnesses.set(id, after === 'live');
    this.#blackout.run(this.#witnesses.any);
    if (this.#counts.suspect > 0) this.#attention.pay();
    else this.#attention.rest();
  }

  #arm(id: string, watch: Watch, ms: number): void {
    watch.cancel();
    watch.due = this.#options.clock.monotonic() + ms;
    watch.cancel = this.#options.clock.after(ms, () => this.#turn(id, watch));
  }
}
