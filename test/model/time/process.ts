/** A simulated process: everything that reaches it comes through `enter`, so it can be killed and frozen. */
import type { Clock } from '@hedgerow/common';
import type { First } from '../events.ts';
import type { Mutation } from '../mutation.ts';
import type { Timeline } from './timeline.ts';

/** A machine's wall clock, which may jump; all processes of the machine see it. */
export interface Wall {
  skew: number;
}

const BEGIN = Date.UTC(2026, 0, 1);

/** What came while a process stood still. */
interface Held {
  what: () => void;
  isTimer: boolean;
}

export class Process {
  readonly name: string;
  readonly clock: Clock;
  /** it is dead, and whoever is connected to it has to find that out */
  saysNothing = false;
  readonly #timeline: Timeline;
  readonly #crashed: (error: unknown) => void;
  readonly #held: Held[] = [];
  readonly #listeners = new Set<() => void>();
  #state: 'runs' | 'frozen' | 'dead' = 'runs';

  /**
   * @param crashed told of an error that would have ended a real process
   * @param mistakes that are made on purpose
   */
  constructor(
    name: string,
    timeline: Timeline,
    wall: Wall,
    crashed: (error: unknown) => void,
    mistakes: Pick<Mutation, 'clock'> = {},
  ) {
    this.name = name;
    this.#timeline = timeline;
    this.#crashed = crashed;
    const clock: Clock = {
      now: () => BEGIN + wall.skew + timeline.now,
      monotonic: () => timeline.now,
      // as setTimeout does
      after: (ms, callback) => this.#after(Math.max(1, Math.trunc(ms)), callback, true),
    };
    this.clock = mistakes.clock?.(clock, name) ?? clock;
  }

  get isAlive(): boolean {
    return this.#state !== 'dead';
  }

  /** Can it answer? */
  get isAwake(): boolean {
    return this.#state === 'runs';
  }

  /** Now, later when it is frozen, never when it is dead. */
  enter(what: () => void, isTimer = false): void {
    if (this.#state === 'frozen') this.#held.push({ what, isTimer });
    else if (this.#state === 'runs') this.#run(what);
  }

  after(ms: number, what: () => void): () => void {
    return this.#after(ms, what, false);
  }

  #after(ms: number, what: () => void, isTimer: boolean): () => void {
    let wanted = true;
    const cancel = this.#timeline.after(ms, () =>
      this.enter(() => {
        if (wanted) what();
      }, isTimer),
    );
    return () => {
      wanted = false;
      cancel();
    };
  }

  /** Resolves so much later, never when the process dies before. */
  pause(ms: number): Promise<void> {
    return new Promise(resolve => this.after(ms, resolve));
  }

  freeze(): void {
    if (this.#state !== 'runs') return;
    this.#state = 'frozen';
    this.#tell();
  }

  /**
   * What had come meanwhile happens now: as in an event loop, all timers that ran out, then what has arrived, then what
   * they put off to the next turn; or, when it stood still where it waited for what arrives, that first.
   */
  thaw(first: First): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'runs';
    const held = this.#held.splice(0);
    const goOn = this.#timeline.holdTurn();
    for (const isTimer of first === 'timers' ? [true, false] : [false, true]) {
      for (const it of held) if (it.isTimer === isTimer) this.#timeline.after(0, () => this.enter(it.what));
      if (!isTimer) this.#timeline.after(0, goOn);
    }
    this.#tell();
  }

  /** @param isSilent its machine goes with it, so nobody closes its connections */
  kill(isSilent = false): void {
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    this.saysNothing = isSilent;
    this.#held.length = 0;
    this.#tell();
    this.#listeners.clear();
  }

  /** Called when it is frozen, thawed or killed. @returns ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #run(what: () => void): void {
    try {
      what();
    } catch (error) {
      this.#crashed(error);
    }
  }
}
