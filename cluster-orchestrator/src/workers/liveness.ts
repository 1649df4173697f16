/**
 * Which workers are there. Silence makes a worker suspect and a probe is sent; it is dead when its `dead_after` has
 * passed since its last sign of life. One timer per worker, and none of them means anything while this process cannot
 * hear: after a pause of its own, with its broker out of reach, or while none of its other workers answers either, a
 * worker gets another probe instead of a verdict. What has arrived is heard before any verdict.
 *
 *     awaited ──sync──▶ live ◀──any sign── suspect ──▶ dead ──sync──▶ live
 */
import type { Clock } from '@hedgerow/common';
import { Attention } from './attention.ts';
import { Blackout } from './blackout.ts';

export type Standing = 'awaited' | 'live' | 'suspect' | 'dead';

export type StandingListener = (workerId: string, standing: Standing) => void;

/** How a worker shows that it lives; ms, 0 = as the cluster's settings say. */
export interface Rhythm {
  beat: number;
  dead_after: number;
}

export interface LivenessOptions {
  clock: Clock;
  /** ms from the last sign of life to dead, for workers that did not say otherwise */
  deadAfter: number;
  /** ms that a worker has to appear after the start of the cluster or its own registration */
  grace: number;
  /** can the workers be heard at all? */
  reachable(): boolean;
  probe(workerId: string): void;
  /** Calls back when everything that has arrived by now was heard; never in the same turn of the event loop. */
  heardAll?: (callback: () => void) => void;
}

interface Watch {
  standing: Standing;
  rhythm: Rhythm;
  /** monotonic ms of the last sign of life */
  heardAt: number;
  /** monotonic ms since when it is suspect, while it is */
  suspectAt: number;
  due: number;
  cancel: () => void;
}

/** ms between two beats of a worker that did not say */
const BEAT = 3000;
/** Others that are probed when a worker is silent: who answers shows that this process can hear. */
const WITNESSES = 3;
/** of its beat; silence of so much is suspicious: 3.5 s */
const SUSPICIOUS = 7 / 6;
/** of the time until it is dead, at most: the rest is for the probe */
const HALF_DEAD = 0.7;

const DEFAULT_RHYTHM: Rhythm = { beat: 0, dead_after: 0 };

/** Timers come before what arrived while this process was busy; one turn later that has been read. */
const nextTurn = (callback: () => void): void => void setImmediate(callback);

export class Liveness {
  readonly #options: LivenessOptions;
  readonly #heardAll: (callback: () => void) => void;
  readonly #attention: Attention;
  readonly #blackout: Blackout;
  readonly #watches = new Map<string, Watch>();
  readonly #listeners: StandingListener[] = [];
  readonly #overListeners: (() => void)[] = [];
  #suspects = 0;

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#heardAll = options.heardAll ?? nextTurn;
    this.#attention = new Attention(options.clock);
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
  watch(id: string, rhythm: Rhythm = DEFAULT_RHYTHM): void {
    const known = this.#watches.get(id);
    if (known) {
      known.rhythm = rhythm;
      return;
    }
    const heardAt = this.#options.clock.monotonic();
    const watch: Watch = {
      ...{ standing: 'awaited', rhythm, heardAt, suspectAt: 0, due: 0 },
      cancel: () => {},
    };
    this.#watches.set(id, watch);
    this.#arm(id, watch, this.#grace(watch));
  }

  unwatch(id: string): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    watch.cancel();
    this.#watches.delete(id);
    this.#blackout.forget(id);
    if (watch.standing === 'suspect') this.#countSuspects(-1);
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
    return this.#blackout.has(id);
  }

  /** ms from this worker's last sign of life to dead */
  deadAfter(id: string): number {
    return this.#watches.get(id)?.rhythm.dead_after || this.#options.deadAfter;
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
    if (watch.standing !== 'suspect') return;
    this.#live(id, watch);
    this.#blackout.returned(id);
  }

  /** Its connection is closed. The closing itself is the last sign of life. */
  closed(id: string): void {
    const watch = this.#watches.get(id);
    if (watch?.standing !== 'live') return;
    watch.heardAt = this.#options.clock.monotonic();
    this.#suspect(id, watch, this.deadAfter(id));
  }

  /** It told everything that it has, or has what it was believed to have. */
  synced(id: string): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    watch.heardAt = this.#options.clock.monotonic();
    if (watch.standing !== 'live') this.#live(id, watch);
    this.#blackout.returned(id);
  }

  stop(): void {
    for (const watch of this.#watches.values()) watch.cancel();
    this.#watches.clear();
    this.#blackout.stop();
    this.#attention.rest();
  }

  #turn(id: string, watch: Watch): void {
    const now = this.#options.clock.monotonic();
    const deaf = this.#attention.wasAway(watch.due, now) || !this.#options.reachable();
    const silent = now - watch.heardAt;
    const suspectAfter = this.#suspectAfter(id, watch);
    if (watch.standing === 'live' && silent < suspectAfter) this.#arm(id, watch, suspectAfter - silent);
    else if (watch.standing === 'live') {
      const answerTime = this.#answerTime(id, watch);
      this.#suspect(id, watch, deaf ? answerTime : Math.max(this.deadAfter(id) - silent, 0));
    } else if (deaf) this.#probeAgain(id, watch);
    else if (!this.#hearsNobody(id, watch)) this.#verdict(id, watch);
    else if (silent < this.#grace(watch)) this.#probeAgain(id, watch);
    else this.#loseAll(id, watch);
  }

  /** Nobody else has shown a sign of life since this one became suspect, though there are others. */
  #hearsNobody(id: string, watch: Watch): boolean {
    if (watch.standing !== 'suspect') return false;
    let others = 0;
    for (const [, { heardAt }] of this.#there(id)) {
      if (heardAt >= watch.suspectAt) return false;
      others += 1;
    }
    return others > 0;
  }

  /** From the first one on: nothing of any of them is placed elsewhere until they have had time to come back. */
  #loseAll(id: string, watch: Watch): void {
    this.#verdict(id, watch, () => {
      const lost = this.#hearsNobody(id, watch);
      if (lost) this.#blackout.begin([id, ...Array.from(this.#there(id), ([other]) => other)]);
      else this.#probeAgain(id, watch);
      return lost;
    });
  }

  /** One by one: when all fall silent at once, each of them looks for a few others. */
  *#there(without: string): Generator<[id: string, watch: Watch]> {
    for (const entry of this.#watches) if (entry[0] !== without && this.isThere(entry[0])) yield entry;
  }

  #probeAgain(id: string, watch: Watch): void {
    this.#options.probe(id);
    this.#arm(id, watch, watch.standing === 'awaited' ? this.#grace(watch) : this.#answerTime(id, watch));
  }

  /** Its answer may wait in the socket. @param still does what was seen hold when that has been heard? */
  #verdict(id: string, watch: Watch, still = () => true): void {
    const { due } = watch;
    this.#heardAll(() => {
      if (this.#watches.get(id) === watch && watch.due === due && still()) this.#set(id, watch, 'dead');
    });
  }

  /** ms of silence until a probe */
  #suspectAfter(id: string, watch: Watch): number {
    return Math.min((watch.rhythm.beat || BEAT) * SUSPICIOUS, this.deadAfter(id) * HALF_DEAD);
  }

  /** ms between a probe and the verdict */
  #answerTime(id: string, watch: Watch): number {
    return this.deadAfter(id) - this.#suspectAfter(id, watch);
  }

  #grace(watch: Watch): number {
    return Math.max(this.#options.grace, watch.rhythm.dead_after);
  }

  #live(id: string, watch: Watch): void {
    this.#arm(id, watch, this.#suspectAfter(id, watch));
    this.#set(id, watch, 'live');
  }

  #suspect(id: string, watch: Watch, verdictIn: number): void {
    watch.suspectAt = this.#options.clock.monotonic();
    this.#arm(id, watch, verdictIn);
    this.#set(id, watch, 'suspect');
    this.#options.probe(id);
    this.#probeWitnesses(id);
  }

  #probeWitnesses(of: string): void {
    let left = WITNESSES;
    for (const [witness] of this.#there(of)) {
      if (left === 0) return;
      this.#options.probe(witness);
      left -= 1;
    }
  }

  #set(id: string, watch: Watch, standing: Standing): void {
    this.#countSuspects(Number(standing === 'suspect') - Number(watch.standing === 'suspect'));
    watch.standing = standing;
    for (const listener of this.#listeners) listener(id, standing);
  }

  #countSuspects(more: number): void {
    this.#suspects += more;
    if (this.#suspects > 0) this.#attention.pay();
    else this.#attention.rest();
  }

  #arm(id: string, watch: Watch, ms: number): void {
    watch.cancel();
    watch.due = this.#options.clock.monotonic() + ms;
    watch.cancel = this.#options.clock.after(ms, () => this.#turn(id, watch));
  }
}
