/** An outside broker as its cluster has it: the cluster is one of its clients, and its own line to it may be cut. */
import { type Broker, derivedAccounts, Outbox } from '@hedgerow/cluster-orchestrator/testing/parts';
import type { Line } from '../../support/faults/line.ts';
import type { Process } from '../time/process.ts';
import type { Timeline } from '../time/timeline.ts';
import { Connection } from './connection.ts';
import { BROKER, CLIENT, type Packet, type Publication } from './packets.ts';

/** ms between two tries to reach the broker */
const RECONNECT = 1000;
/** ms without a sign of the other end: MQTT's keepalive of 10 s, and half as much again */
const PATIENCE = 15_000;

export interface UpMessage {
  topic: string;
  payload: Buffer;
  retained: boolean;
}

/** The broker's side of its cluster. */
export interface Host {
  process: Process;
  /** What the cluster says to a worker. */
  publish(publication: Publication): void;
  /** where what workers say goes from now on, until the cluster is gone. @returns what was kept of it */
  follow(follower: (publication: Publication) => void): readonly Publication[];
  unfollow(follower: (publication: Publication) => void): void;
}

export interface ClientParts {
  process: Process;
  timeline: Timeline;
  line: Line;
  /** null = there is none */
  broker(): Host | null;
  /** the connection can be broken with this until it has ended */
  broken: Set<() => void>;
  onMessage(message: UpMessage): void;
}

interface Sent {
  publication: Publication;
  taken: () => void;
}

/** What the cluster's `mqtt` client does: it connects again for ever, and keeps QoS 1 until the broker has it. */
export class OutsideClient implements Broker {
  readonly host = 'broker';
  readonly port = 10_003;
  readonly accounts = derivedAccounts('key');
  readonly #parts: ClientParts;
  readonly #outbox: Outbox;
  readonly #sent = new Map<number, Sent>();
  #connection: Connection<Packet> | null = null;
  #isReady = false;
  #ids = 0;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    const publishAsync = (topic: string, payload: Buffer, { qos }: { qos: 0 | 1 }) =>
      this.#publish({ topic, payload, qos });
    this.#outbox = new Outbox(
      { publishAsync } as unknown as ConstructorParameters<typeof Outbox>[0],
      parts.process.clock,
    );
    this.#dial();
  }

  reachable(): boolean {
    return this.#isReady;
  }

  publish(topic: string, payload: Buffer, qos: 0 | 1): Promise<void> {
    return this.#outbox.publish(topic, payload, qos);
  }

  async stop(): Promise<void> {}

  #publish(publication: Publication): Promise<void> {
    const id = ++this.#ids;
    if (publication.qos === 1)
      return new Promise(taken => {
        this.#sent.set(id, { publication, taken });
        this.#send({ kind: 'publish', id, publication });
      });
    if (!this.#isReady) return Promise.reject(new Error('No connection to broker'));
    this.#send({ kind: 'publish', id, publication });
    return Promise.resolve();
  }

  #dial(): void {
    const { process, line } = this.#parts;
    const broker = this.#parts.broker();
    if (!broker || line.isCut) {
      process.clock.after(RECONNECT, () => this.#dial());
      return;
    }
    this.#connection = connect(this.#parts, broker, {
      receive: packet => this.#receive(packet),
      closed: () => this.#ended(),
    });
    this.#connection.send(CLIENT, { kind: 'connect', clientId: 'cluster', password: '' });
  }

  #ended(): void {
    this.#connection = null;
    this.#isReady = false;
    this.#parts.process.clock.after(RECONNECT, () => this.#dial());
  }

  #receive(packet: Packet): void {
    if (packet.kind === 'connack') {
      this.#isReady = true;
      for (const [id, { publication }] of this.#sent) this.#send({ kind: 'publish', id, publication });
      this.#send({ kind: 'subscribe' });
      this.#isReady = false;
    } else if (packet.kind === 'suback') this.#isReady = true;
    else if (packet.kind === 'puback') {
      this.#sent.get(packet.id)?.taken();
      this.#sent.delete(packet.id);
    } else if (packet.kind === 'publish') {
      const { topic, payload } = packet.publication;
      this.#parts.onMessage({ topic, payload, retained: packet.retained === true });
    }
  }

  #send(packet: Packet): void {
    this.#connection?.send(CLIENT, packet);
  }
}

type Ends = { receive(packet: Packet): void; closed(): void };

/** Both ends of a new connection: the broker's side of the cluster needs no more than this. */
function connect(
  { process, timeline, line, broken }: ClientParts,
  broker: Host,
  ends: Ends,
): Connection<Packet> {
  const tearDown = () => connection.break('the connection broke');
  const pass = (publication: Publication) => connection.send(BROKER, { kind: 'publish', id: 0, publication });
  const connection: Connection<Packet> = new Connection(timeline, line, [
    {
      process,
      patience: PATIENCE,
      receive: packet => ends.receive(packet),
      closed() {
        broken.delete(tearDown);
        ends.closed();
      },
    },
    {
      process: broker.process,
      patience: PATIENCE,
      receive: packet => serve(broker, packet, answer => connection.send(BROKER, answer), pass),
      closed: () => broker.unfollow(pass),
    },
  ]);
  broken.add(tearDown);
  return connection;
}

function serve(
  broker: Host,
  packet: Packet,
  send: (packet: Packet) => void,
  pass: (publication: Publication) => void,
): void {
  if (packet.kind === 'connect') send({ kind: 'connack', ok: true, resumed: false });
  else if (packet.kind === 'subscribe') {
    send({ kind: 'suback' });
    for (const publication of broker.follow(pass))
      send({ kind: 'publish', id: 0, publication, retained: true });
  } else if (packet.kind === 'publish') {
    broker.publish(packet.publication);
    if (packet.publication.qos === 1) send({ kind: 'puback', id: packet.id });
  }
}
