import type { Writable } from 'node:stream';
import type { Event, Ring } from './ring.ts';

/** ms that a reader may take nothing at all before he counts as gone */
const STUCK_FOR = 60_000;
/** characters that are written at once */
const BATCH = 32 * 1024;

/**
 * One who listens: a place in the ring and somewhere to write. Whoever reads slowly is not written to until he has
 * read, so nothing is kept for him but his place; when the ring has gone past it, he is told to read the lists again.
 */
export class EventReader {
  readonly #ring: Ring;
  readonly #out: Writable;
  readonly #wants: (event: Event) => boolean;
  /** number of the event that he has not had yet */
  #place: number;
  /** ms, monotonic: since when he takes nothing; null = he does */
  #stuck: number | null = null;
  #now: number;

  /** @param last id of the last event that he had, "" = none: he begins now */
  constructor(ring: Ring, out: Writable, wants: (event: Event) => boolean, last: string, now: number) {
    this.#ring = ring;
    this.#out = out;
    this.#wants = wants;
    this.#now = now;
    const place = last === '' ? ring.next : ring.after(last);
    this.#place = place ?? ring.next;
    this.#write(place === null ? this.#reset('the events after your last one are not here') : this.#mark());
    this.pump();
  }

  /** Writes what is there for him, as far as he reads. */
  pump(): void {
    while (this.#stuck === null && this.#place < this.#ring.next) {
      if (this.#place < this.#ring.oldest) {
        this.#place = this.#ring.next;
        this.#write(this.#reset('you read too slowly: events were left out'));
      } else this.#write(this.#batch());
    }
  }

  /** A sign of life; it moves his id on past events that were not for him. @returns false when he is gone */
  beat(now: number): boolean {
    this.#now = now;
    if (this.#stuck !== null) return now - this.#stuck < STUCK_FOR;
    this.#write(`:\n${this.#mark()}`);
    return true;
  }

  #batch(): string {
    let text = '';
    for (; this.#place < this.#ring.next && text.length < BATCH; this.#place += 1) {
      const event = this.#ring.get(this.#place);
      if (event && this.#wants(event)) text += event.text;
    }
    return text;
  }

  #mark(): string {
    return `id: ${this.#ring.idOf(this.#place - 1)}\n\n`;
  }

  #reset(reason: string): string {
    return `id: ${this.#ring.idOf(this.#place - 1)}\nevent: reset\ndata: ${JSON.stringify({ reason })}\n\n`;
  }

  #write(text: string): void {
    if (text === '' || this.#out.write(text)) return;
    this.#stuck = this.#now;
    this.#out.once('drain', () => {
      this.#stuck = null;
      this.pump();
    });
  }
}
