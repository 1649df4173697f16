/** A worker's side of one connection to a broker: what `mqtt` does for `openSession`. */
import { HedgerowError } from '@hedgerow/common';
import { ERRORS, type Session, type SessionOptions } from '@hedgerow/node-engine/testing/parts';
import { DOWN, nodeTopic, parseNodeTopic } from '@hedgerow/protos';
import type { Line } from '../../support/faults/line.ts';
import type { Process } from '../time/process.ts';
import type { Connection } from './connection.ts';
import { CLIENT, type Packet, type Publication } from './packets.ts';

/** ms from dialling to CONNACK, and from SUBSCRIBE to SUBACK */
const CONNECT_WITHIN = 5000;
/** ms from DISCONNECT to the end */
const END_WITHIN = 2000;

const LEAVES = new Set<string>(Object.values(DOWN));

export class WorkerEnd {
  readonly #process: Process;
  readonly #line: Line;
  readonly #options: SessionOptions;
  readonly #closed = Promise.withResolvers<void>();
  readonly #acknowledged = new Map<number, { resolve: () => void; reject: (why: Error) => void }>();
  readonly #inbox: { id: number; publication: Publication }[] = [];
  #connection: Connection<Packet> | null = null;
  #awaited: { kind: Packet['kind']; resolve: (packet: Packet) => void; reject: (why: Error) => void } | null =
    null;
  #resumed = false;
  #isBusy = false;
  #isOver = false;
  #ids = 0;
  #finally = (): void => {};

  constructor(process: Process, line: Line, options: SessionOptions) {
    this.#process = process;
    this.#line = line;
    this.#options = options;
  }

  attach(connection: Connection<Packet>, atEnd: () => void): void {
    this.#connection = connection;
    this.#finally = atEnd;
  }

  async connect(): Promise<void> {
    const { workerId, password } = this.#options;
    this.#send({ kind: 'connect', clientId: workerId, password });
    const answer = await this.#await('connack');
    if (answer.kind === 'connack' && !answer.ok) {
      this.abort();
      throw new HedgerowError(ERRORS.BROKER_REFUSED, 'broker: not authorised');
    }
    this.#resumed = answer.kind === 'connack' && answer.resumed;
    this.#send({ kind: 'subscribe' });
    await this.#await('suback');
  }

  receive(packet: Packet): void {
    if (this.#awaited?.kind === packet.kind) this.#awaited.resolve(packet);
    else if (packet.kind === 'puback') {
      this.#acknowledged.get(packet.id)?.resolve();
      this.#acknowledged.delete(packet.id);
    } else if (packet.kind === 'publish') {
      this.#inbox.push(packet);
      void this.#work();
    }
  }

  ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#inbox.length = 0;
    this.#finally();
    const why = new Error('the connection was closed');
    this.#awaited?.reject(why);
    for (const { reject } of this.#acknowledged.values()) reject(why);
    this.#acknowledged.clear();
    this.#closed.resolve();
  }

  abort(): void {
    this.#connection?.close(CLIENT, 'aborted');
    this.ended();
  }

  session(): Session {
    return {
      resumed: this.#resumed,
      closed: this.#closed.promise,
      publish: (leaf, payload, { qos }) => this.#publish(leaf, payload, qos),
      publishAcknowledged: (leaf, payload) => {
        if (this.#isOver) return Promise.reject(new Error('not connected'));
        const id = this.#publish(leaf, payload, 1);
        return new Promise((resolve, reject) => this.#acknowledged.set(id, { resolve, reject }));
      },
      abort: () => this.abort(),
      end: () => this.#end(),
    };
  }

  async #end(): Promise<void> {
    this.#send({ kind: 'disconnect' });
    const cancel = this.#process.after(END_WITHIN, () => this.abort());
    await this.#closed.promise;
    cancel();
  }

  #publish(leaf: Parameters<Session['publish']>[0], payload: Buffer | object, qos: 0 | 1): number {
    const id = ++this.#ids;
    if (this.#isOver || !this.#connection) return id;
    const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
    const publication = { topic: nodeTopic(this.#options.workerId, leaf), payload: bytes, qos };
    const packet: Packet = { kind: 'publish', id, publication };
    const connection = this.#connection;
    if (qos === 1) for (const latency of this.#line.atLeastOnce()) connection.send(CLIENT, packet, latency);
    else for (const latency of this.#line.once()) connection.sendLoose(CLIENT, packet, latency);
    return id;
  }

  /** One message at a time; it is acknowledged when what had to be stored is stored. */
  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#inbox.shift(); next; next = this.#inbox.shift()) {
      const leaf = parseNodeTopic(next.publication.topic)?.leaf ?? '';
      const handled = LEAVES.has(leaf)
        ? this.#options.onMessage(
            leaf as Parameters<SessionOptions['onMessage']>[0],
            next.publication.payload,
          )
        : Promise.resolve();
      await handled.catch(() => {});
      if (next.publication.qos === 1) this.#send({ kind: 'puback', id: next.id });
    }
    this.#isBusy = false;
  }

  #send(packet: Packet): void {
    if (!this.#isOver) this.#connection?.send(CLIENT, packet);
  }

  async #await(kind: Packet['kind']): Promise<Packet> {
    const { promise, resolve, reject } = Promise.withResolvers<Packet>();
    this.#awaited = { kind, resolve, reject };
    const cancel = this.#process.after(CONNECT_WITHIN, () => reject(new Error(`no ${kind} in time`)));
    try {
      return await promise;
    } catch (cause) {
      this.abort();
      throw new HedgerowError(ERRORS.BROKER_AWAY, `broker: ${(cause as Error).message}`, { cause });
    } finally {
      cancel();
      this.#awaited = null;
    }
  }
}
