/**
 * A connection as TCP makes them: both directions in order, nothing lost while it lasts. On a line that is cut, what was
 * sent waits; an end that hears nothing for too long gives up, and the other end learns of it when the line is healed.
 */
import type { Line } from '../../support/faults/line.ts';
import type { Process } from '../time/process.ts';
import type { Timeline } from '../time/timeline.ts';

export interface End<Message> {
  process: Process;
  /** ms without a sign of the other end after which this one gives up */
  patience: number;
  receive(message: Message): void;
  /** It has ended, and not by this end. Called once. */
  closed(why: string): void;
}

export type Side = 0 | 1;

interface Freight {
  sentAt: number;
  deliver: () => void;
}

/** ms until TCP sends again what was not acknowledged; doubling each time, up to two minutes */
const SENT_AGAIN = 200;
const SENT_AGAIN_AT_LEAST = 120_000;

interface Half<Message> {
  end: End<Message>;
  isOpen: boolean;
  /** messages to this end that wait for the line */
  stalled: Freight[];
  /** when the last message to this end arrives */
  lastAt: number;
  /** since when it hears nothing; null = it does */
  deafSince: number | null;
}

export class Connection<Message> {
  readonly #timeline: Timeline;
  readonly #line: Line;
  readonly #halves: readonly [Half<Message>, Half<Message>];
  readonly #ends: (() => void)[] = [];

  constructor(timeline: Timeline, line: Line, ends: readonly [End<Message>, End<Message>]) {
    this.#timeline = timeline;
    this.#line = line;
    const half = (end: End<Message>) => ({ end, isOpen: true, stalled: [], lastAt: 0, deafSince: null });
    this.#halves = [half(ends[0]), half(ends[1])];
    this.#ends.push(line.onChange(() => this.#lineChanged()));
    for (const side of [0, 1] as const)
      this.#ends.push(ends[side].process.onChange(() => this.#processChanged(side)));
    this.#listen();
  }

  isOpen(side: Side): boolean {
    return this.#halves[side].isOpen;
  }

  /** In order, behind everything that was sent before. */
  send(from: Side, message: Message, latency = this.#line.latency()): void {
    const to = this.#halves[other(from)];
    if (!this.#halves[from].isOpen) return;
    to.lastAt = Math.max(to.lastAt, this.#timeline.now + latency);
    this.#ship(to, to.lastAt - this.#timeline.now, () => this.#deliver(to, message));
  }

  /** When it arrives, whatever was sent before. */
  sendLoose(from: Side, message: Message, latency: number): void {
    const to = this.#halves[other(from)];
    if (!this.#halves[from].isOpen) return;
    this.#ship(to, latency, () => this.#deliver(to, message));
  }

  /** This end ends it. What it sent before arrives, if the line lets it. */
  close(from: Side, why: string): void {
    const mine = this.#halves[from];
    if (!mine.isOpen) return;
    mine.isOpen = false;
    this.#farewell(from, why);
  }

  /** Both ends lose it, and everything on its way is lost. */
  break(why: string): void {
    for (const side of [0, 1] as const) this.#lose(side, why);
  }

  #farewell(from: Side, why: string): void {
    const to = this.#halves[other(from)];
    to.lastAt = Math.max(to.lastAt, this.#timeline.now + this.#line.latency());
    this.#ship(to, to.lastAt - this.#timeline.now, () => this.#lose(other(from), why));
    this.#endIfOver();
  }

  #ship(to: Half<Message>, latency: number, deliver: () => void): void {
    const freight = { sentAt: this.#timeline.now, deliver };
    this.#timeline.after(latency, () => {
      if (this.#line.isCut || to.stalled.length > 0) to.stalled.push(freight);
      else freight.deliver();
    });
  }

  #deliver(to: Half<Message>, message: Message): void {
    to.end.process.enter(() => {
      if (to.isOpen) to.end.receive(message);
    });
  }

  #lose(side: Side, why: string): void {
    const half = this.#halves[side];
    half.end.process.enter(() => {
      if (!half.isOpen) return;
      half.isOpen = false;
      this.#endIfOver();
      half.end.closed(why);
    });
  }

  #lineChanged(): void {
    if (!this.#line.isCut) for (const half of this.#halves) this.#release(half);
    this.#listen();
  }

  /** What waits arrives when the first of it is sent again. */
  #release(half: Half<Message>): void {
    const next = half.stalled[0];
    if (!next) return;
    this.#timeline.after(untilSentAgain(next.sentAt, this.#timeline.now) + this.#line.latency(), () => {
      if (this.#line.isCut || half.stalled[0] !== next) return;
      for (const { deliver } of half.stalled.splice(0)) deliver();
    });
  }

  #processChanged(side: Side): void {
    const half = this.#halves[side];
    if (!half.end.process.isAlive && half.isOpen) {
      half.isOpen = false;
      if (!half.end.process.saysNothing) this.#farewell(side, 'the connection was reset');
    }
    this.#listen();
  }

  /** Who hears nothing, from when on? */
  #listen(): void {
    for (const side of [0, 1] as const) {
      const half = this.#halves[side];
      const isDeaf = this.#line.isCut || !this.#halves[other(side)].end.process.isAwake;
      if (!isDeaf) half.deafSince = null;
      else if (half.deafSince === null) this.#count(side, half);
    }
  }

  #count(side: Side, half: Half<Message>): void {
    const since = this.#timeline.now;
    half.deafSince = since;
    if (!half.isOpen || !Number.isFinite(half.end.patience)) return;
    half.end.process.after(half.end.patience, () => {
      if (half.deafSince !== since || !half.isOpen) return;
      half.isOpen = false;
      this.#farewell(side, 'the other end gave up');
      half.end.closed(`nothing was heard for ${half.end.patience / 1000} s`);
    });
  }

  #endIfOver(): void {
    if (this.#halves.some(half => half.isOpen)) return;
    for (const end of this.#ends.splice(0)) end();
  }
}

function untilSentAgain(sentAt: number, now: number): number {
  let at = sentAt + SENT_AGAIN;
  for (let wait = 2 * SENT_AGAIN; at < now; wait *= 2) at += Math.min(wait, SENT_AGAIN_AT_LEAST);
  return at - now;
}

function other(side: Side): Side {
  return side === 0 ? 1 : 0;
}
