import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { type Clock, Outflow } from '@hedgerow/common';
import type { FromCluster, FromRoot } from '@hedgerow/protos';
import type { LinkCounts } from '../metrics/link.ts';

export type Call = ServerDuplexStream<FromCluster, FromRoot>;

/** Messages that may wait for a cluster: more than the network table of a large root. */
const MOST_WAITING = 50_000;
/** ms in which a cluster has to take at least one message */
const TAKE_WITHIN = 30_000;
/** ms from the end of a stream to the end of its connection: what still waits for a cluster may never be taken */
const FAREWELL = 1000;

export interface SessionParts {
  call: Call;
  clock: Clock;
  counts: LinkCounts;
  /** ends the connection of the stream */
  cut: () => void;
}

/** One stream of one cluster. `clusterId` and `name` are "" until its Hello was accepted. */
export class Session {
  readonly peer: string;
  readonly counts: LinkCounts;
  clusterId = '';
  name = '';
  readonly #call: Call;
  readonly #out: Outflow<FromRoot>;
  readonly #closed = Promise.withResolvers<void>();
  readonly #told = new Set<string>();
  /** said before the Welcome, by those who saw the stream attached; a cluster would not hear it */
  #early: FromRoot[] | null = [];
  #open = true;
  #wake = (): void => {};

  constructor({ call, clock, counts, cut }: SessionParts) {
    this.#call = call;
    this.counts = counts;
    this.#out = new Outflow(call, {
      clock,
      most: MOST_WAITING,
      within: TAKE_WITHIN,
      stuck: why => this.fail(status.RESOURCE_EXHAUSTED, `the stream does not keep up: ${why}`),
    });
    this.peer = call.getPeer();
    for (const event of ['readable', 'end']) call.on(event, () => this.#wake());
    call.on('close', () => this.#close());
    call.on('cancelled', () => this.#close());
    call.on('error', () => this.#close());
    void this.closed.then(() => clock.after(FAREWELL, cut));
  }

  /** Has this not been said of the stream before? What a broken cluster does it does again and again. */
  isNews(fault: string): boolean {
    const isNews = !this.#told.has(fault);
    this.#told.add(fault);
    return isNews;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Resolves when the stream has ended, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * What the cluster says, in order; ends with the stream. Not the stream's own iterator, which destroys the stream
   * when it fails, so that the cluster would never hear of it.
   */
  async *messages(): AsyncGenerator<FromCluster, void> {
    while (this.#open) {
      const message = this.#call.read() as FromCluster | null;
      if (message) yield message;
      else if (this.#call.readableEnded) return;
      else {
        await new Promise<void>(resolve => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Nothing goes before the Welcome. @returns false when the stream has ended, so that nothing was sent */
  send(message: FromRoot): boolean {
    if (this.#early && !message.welcome && !message.refused) {
      if (this.#open) this.#early.push(message);
      return this.#open;
    }
    const early = message.welcome ? (this.#early ?? []) : [];
    if (message.welcome) this.#early = null;
    const sent = this.#write(message);
    for (const held of early) this.#write(held);
    return sent;
  }

  #write(message: FromRoot): boolean {
    const sent = this.#open && this.#out.write(message);
    if (sent) this.counts.sent(message);
    return sent;
  }

  /** Says why in a message of the protocol and ends the stream. */
  refuse(code: string, message: string, leader = ''): void {
    this.send({ refused: { code, message, leader } });
    this.end();
  }

  end(): void {
    if (!this.#open) return;
    this.#call.end();
    this.#close();
  }

  /** Ends the stream with an error; the cluster reconnects and its Hello repairs what was missed. */
  fail(code: status, details: string): void {
    if (!this.#open) return;
    this.#call.emit('error', { code, details });
  }

  #close(): void {
    this.#open = false;
    this.#out.end();
    this.#closed.resolve();
    this.#wake();
  }
}
