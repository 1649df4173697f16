/**
 * An MQTT broker as the embedded one is: it lives in the cluster's process and forgets everything with it. Sessions are
 * kept while it lives; QoS 1 is repeated until it is acknowledged and keeps its order, QoS 0 may be lost, repeated, late.
 */

import type { Broker } from '@hedgerow/cluster-orchestrator/testing/parts';
import { noAccounts } from '@hedgerow/cluster-orchestrator/testing/parts';
import { HedgerowError } from '@hedgerow/common';
import { ERRORS, type Session, type SessionOptions } from '@hedgerow/node-engine/testing/parts';
import { DOWN, nodeTopic, parseNodeTopic, UP } from '@hedgerow/protos';
import type { Line } from '../../support/faults/line.ts';
import type { Process } from '../time/process.ts';
import type { Timeline } from '../time/timeline.ts';
import { Connection } from './connection.ts';

interface Publication {
  topic: string;
  payload: Buffer;
  qos: 0 | 1;
}

type Packet =
  | { kind: 'connect'; workerId: string; password: string }
  | { kind: 'connack'; ok: boolean }
  | { kind: 'subscribe' }
  | { kind: 'suback' }
  | { kind: 'publish'; id: number; publication: Publication }
  | { kind: 'puback'; id: number }
  | { kind: 'disconnect' };

const WORKER = 0;
const BROKER = 1;

/** ms until TCP gives up a line that takes nothing */
const TCP_PATIENCE = 15 * 60_000;
/** ms from dialling to CONNACK, and from SUBSCRIBE to SUBACK */
const CONNECT_WITHIN = 5000;
/** ms from DISCONNECT to the end */
const END_WITHIN = 2000;

/** What the broker keeps of a worker. */
interface Kept {
  isSubscribed: boolean;
  client: Client | null;
  /** QoS 1, not acknowledged yet, oldest first */
  unacknowledged: { id: number; publication: Publication }[];
}

interface Client {
  send(packet: Packet, latency?: number): void;
  sendLoose(packet: Packet, latency: number): void;
  close(why: string): void;
  line: Line;
}

export interface BrokerParts {
  process: Process;
  timeline: Timeline;
  authenticate(workerId: string, password: string): boolean;
  onMessage(message: { topic: string; payload: Buffer; retained: boolean }): void;
}

export class SimulatedBroker implements Broker {
  readonly host = '';
  readonly port = 10_003;
  readonly accounts = noAccounts;
  readonly #parts: BrokerParts;
  readonly #kept = new Map<string, Kept>();
  #ids = 0;

  constructor(parts: BrokerParts) {
    this.#parts = parts;
  }

  reachable(): boolean {
    return true;
  }

  async stop(): Promise<void> {}

  async publish(topic: string, payload: Buffer, qos: 0 | 1): Promise<void> {
    const kept = this.#kept.get(parseNodeTopic(topic)?.workerId ?? '');
    if (!kept?.isSubscribed) return;
    const sent = { id: ++this.#ids, publication: { topic, payload, qos } };
    if (qos === 1) kept.unacknowledged.push(sent);
    if (kept.client) transmit(kept.client, sent);
  }

  /** The worker's end of a new connection. @throws BROKER_AWAY, BROKER_REFUSED */
  async open(
    worker: Process,
    line: Line,
    options: SessionOptions,
    broken: Set<() => void>,
  ): Promise<Session> {
    const end = new WorkerEnd(worker, line, options);
    const serving = new Serving(this, this.#parts);
    const connection: Connection<Packet> = new Connection(this.#parts.timeline, line, [
      {
        process: worker,
        patience: TCP_PATIENCE,
        receive: packet => end.receive(packet),
        closed: () => end.ended(),
      },
      {
        process: this.#parts.process,
        patience: options.keepalive * 1500,
        receive: packet => serving.receive(packet),
        closed: () => serving.ended(),
      },
    ]);
    const tearDown = () => connection.break('the connection broke');
    broken.add(tearDown);
    end.attach(connection, () => broken.delete(tearDown));
    serving.client = {
      line,
      send: (packet, latency) => connection.send(BROKER, packet, latency),
      sendLoose: (packet, latency) => connection.sendLoose(BROKER, packet, latency),
      close: why => connection.close(BROKER, why),
    };
    await end.connect();
    return end.session();
  }

  isAllowed(workerId: string, password: string): boolean {
    return this.#parts.authenticate(workerId, password);
  }

  /** What was kept is sent first. An older connection of the same worker ends, its Last Will is published. */
  begin(workerId: string, client: Client, farewell: () => void): Kept {
    const kept = this.#kept.get(workerId) ?? { isSubscribed: false, client: null, unacknowledged: [] };
    this.#kept.set(workerId, kept);
    if (kept.client) farewell();
    kept.client?.close('another connection of the same client');
    kept.client = client;
    client.send({ kind: 'connack', ok: true });
    for (const sent of kept.unacknowledged) transmit(client, sent);
    return kept;
  }
}

function transmit(client: Client, { id, publication }: { id: number; publication: Publication }): void {
  const packet: Packet = { kind: 'publish', id, publication };
  if (publication.qos === 1) for (const latency of client.line.atLeastOnce()) client.send(packet, latency);
  else for (const latency of client.line.once()) client.sendLoose(packet, latency);
}

/** The broker's side of one connection. */
class Serving {
  client: Client | null = null;
  readonly #broker: SimulatedBroker;
  readonly #parts: BrokerParts;
  #workerId = '';
  #kept: Kept | null = null;
  #saidGoodbye = false;

  constructor(broker: SimulatedBroker, parts: BrokerParts) {
    this.#broker = broker;
    this.#parts = parts;
  }

  receive(packet: Packet): void {
    const { client } = this;
    if (!client) return;
    if (packet.kind === 'connect') this.#connect(client, packet);
    else if (!this.#kept) return;
    else if (packet.kind === 'subscribe') {
      this.#kept.isSubscribed = true;
      client.send({ kind: 'suback' });
    } else if (packet.kind === 'publish') {
      this.#publish(packet.publication);
      if (packet.publication.qos === 1) client.send({ kind: 'puback', id: packet.id });
    } else if (packet.kind === 'puback')
      this.#kept.unacknowledged = this.#kept.unacknowledged.filter(({ id }) => id !== packet.id);
    else if (packet.kind === 'disconnect') {
      this.#saidGoodbye = true;
      client.close('disconnected');
      this.ended();
    }
  }

  ended(): void {
    const { client } = this;
    this.client = null;
    if (!this.#kept || this.#kept.client !== client) return;
    this.#kept.client = null;
    if (!this.#saidGoodbye) this.#lastWill();
  }

  #connect(client: Client, { workerId, password }: { workerId: string; password: string }): void {
    if (!this.#broker.isAllowed(workerId, password)) {
      client.send({ kind: 'connack', ok: false });
      client.close('refused');
      return;
    }
    this.#workerId = workerId;
    this.#kept = this.#broker.begin(workerId, client, () => this.#lastWill());
  }

  #publish({ topic, payload }: Publication): void {
    if (parseNodeTopic(topic)?.workerId !== this.#workerId) return;
    this.#parts.onMessage({ topic, payload, retained: false });
  }

  #lastWill(): void {
    const payload = Buffer.from(JSON.stringify({ online: false }));
    this.#parts.onMessage({ topic: nodeTopic(this.#workerId, UP.presence), payload, retained: false });
  }
}

const LEAVES = new Set<string>(Object.values(DOWN));

/** The worker's side of one connection: what `mqtt` does for `openSession`. */
class WorkerEnd {
  readonly #process: Process;
  readonly #line: Line;
  readonly #options: SessionOptions;
  readonly #closed = Promise.withResolvers<void>();
  readonly #acknowledged = new Map<number, { resolve: () => void; reject: (why: Error) => void }>();
  readonly #inbox: { id: number; publication: Publication }[] = [];
  #connection: Connection<Packet> | null = null;
  #awaited: { kind: Packet['kind']; resolve: (packet: Packet) => void; reject: (why: Error) => void } | null =
    null;
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
    this.#send({ kind: 'connect', workerId, password });
    const answer = await this.#await('connack');
    if (answer.kind === 'connack' && !answer.ok) {
      this.abort();
      throw new HedgerowError(ERRORS.BROKER_REFUSED, 'broker: not authorised');
    }
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
    this.#connection?.close(WORKER, 'aborted');
    this.ended();
  }

  session(): Session {
    return {
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
    if (qos === 1) for (const latency of this.#line.atLeastOnce()) connection.send(WORKER, packet, latency);
    else for (const latency of this.#line.once()) connection.sendLoose(WORKER, packet, latency);
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
    if (!this.#isOver) this.#connection?.send(WORKER, packet);
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
