import type { ServerDuplexStream, status } from '@grpc/grpc-js';
import type { FromCluster, FromRoot } from '@hedgerow/protos';

export type Call = ServerDuplexStream<FromCluster, FromRoot>;

/** One stream of one cluster. `clusterId` and `name` are "" until its Hello was accepted. */
export class Session {
  readonly peer: string;
  clusterId = '';
  name = '';
  readonly #call: Call;
  readonly #closed = Promise.withResolvers<void>();
  #open = true;

  constructor(call: Call) {
    this.#call = call;
    this.peer = call.getPeer();
    call.on('close', () => this.#close());
    call.on('cancelled', () => this.#close());
    call.on('error', () => this.#close());
  }

  get open(): boolean {
    return this.#open;
  }

  /** Resolves when the stream has ended, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** What the cluster says, in order; ends with the stream. */
  messages(): AsyncIterableIterator<FromCluster> {
    return this.#call.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<FromCluster>;
  }

  /** @returns false when the stream has ended, so that nothing was sent */
  send(message: FromRoot): boolean {
    if (!this.#open) return false;
    this.#call.write(message);
    return true;
  }

  /** Says why in a message of the protocol and ends the stream. */
  refuse(code: string, message: string): void {
    this.send({ refused: { code, message, leader: '' } });
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
    this.#closed.resolve();
  }
}
