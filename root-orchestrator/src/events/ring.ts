import type { ApiEvent } from '@hedgerow/protos';

/** Whose an event is: an application's owner, everybody's, or nobody's that is known (null). */
export type Whose = { owner: string; organization_id: string } | 'everybody' | null;

export interface Event {
  data: ApiEvent;
  whose: Whose;
  /** as it is sent, whole */
  text: string;
}

/** The last events, numbered from 1 on. An id names the process that counted: another's numbers mean nothing here. */
export class Ring {
  readonly #boot: string;
  readonly #capacity: number;
  readonly #events: Event[] = [];
  /** number of the next event */
  #next = 1;

  constructor(boot: string, capacity: number) {
    this.#boot = boot;
    this.#capacity = capacity;
  }

  get next(): number {
    return this.#next;
  }

  /** number of the oldest event that is still here, `next` when there is none */
  get oldest(): number {
    return Math.max(1, this.#next - this.#capacity);
  }

  add(data: ApiEvent, whose: Whose): void {
    const text = `id: ${this.idOf(this.#next)}\nevent: ${data.kind}\ndata: ${JSON.stringify(data)}\n\n`;
    this.#events[this.#next % this.#capacity] = { data, whose, text };
    this.#next += 1;
  }

  get(number: number): Event | undefined {
    return number >= this.oldest && number < this.#next ? this.#events[number % this.#capacity] : undefined;
  }

  idOf(number: number): string {
    return `${this.#boot}-${number}`;
  }

  /** @param id of the last event that a reader had. @returns the number of his next one, null when it is lost */
  after(id: string): number | null {
    const dash = id.lastIndexOf('-');
    const [boot, digits] = [id.slice(0, dash), id.slice(dash + 1)];
    if (boot !== this.#boot || !/^\d{1,15}$/.test(digits)) return null;
    const next = Number(digits) + 1;
    return next >= this.oldest && next <= this.#next ? next : null;
  }
}
