/**
 * An MQTT broker: sessions are kept while it lives, and beyond that where `kept` outlives it; QoS 1 is repeated until it
 * is acknowledged and keeps its order, QoS 0 may be lost, repeated, late. The embedded one lives in its cluster's process.
 */

import { type Broker, noAccounts } from '@hedgerow/cluster-orchestrator/testing/parts';
import type { Session, SessionOptions } from '@hedgerow/node-engine/testing/parts';
import { nodeTopic, parseNodeTopic, UP } from '@hedgerow/protos';
import type { Line } from '../../support/faults/line.ts';
import type { Process } from '../time/process.ts';
import type { Timeline } from '../time/timeline.ts';
import { Connection } from './connection.ts';
import { BROKER, type Packet, type Publication } from './packets.ts';
import { WorkerEnd } from './worker-end.ts';

/** ms until TCP gives up a line that takes nothing */
const TCP_PATIENCE = 15 * 60_000;

/** What the broker keeps of a worker. */
export interface Kept {
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
  /** by worker */
  kept: Map<string, Kept>;
  authenticate(workerId: string, password: string): boolean;
  /** each message of a worker */
  onMessage(publication: Publication): void;
  /** Does the broker take up what this worker subscribes to? */
  subscribes(workerId: string): boolean;
}

export class SimulatedBroker implements Broker {
  readonly host = '';
  readonly port = 10_003;
  readonly accounts = noAccounts;
  readonly #parts: BrokerParts;
  #ids = 0;

  constructor(parts: BrokerParts) {
    this.#parts = parts;
  }

  reachable(): boolean {
    return true;
  }

  async stop(): Promise<void> {}

  async publish(topic: string, payload: Buffer, qos: 0 | 1): Promise<void> {
    const kept = this.#parts.kept.get(parseNodeTopic(topic)?.workerId ?? '');
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
    const known = this.#parts.kept.get(workerId);
    const kept = known ?? { isSubscribed: false, client: null, unacknowledged: [] };
    this.#parts.kept.set(workerId, kept);
    if (kept.client) farewell();
    kept.client?.close('another connection of the same client');
    kept.client = client;
    client.send({ kind: 'connack', ok: true, resumed: known !== undefined });
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
      if (this.#parts.subscribes(this.#workerId)) this.#kept.isSubscribed = true;
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

  #connect(client: Client, { clientId: workerId, password }: { clientId: string; password: string }): void {
    if (!this.#broker.isAllowed(workerId, password)) {
      client.send({ kind: 'connack', ok: false, resumed: false });
      client.close('refused');
      return;
    }
    this.#workerId = workerId;
    this.#kept = this.#broker.begin(workerId, client, () => this.#lastWill());
  }

  #publish(publication: Publication): void {
    if (parseNodeTopic(publication.topic)?.workerId === this.#workerId) this.#parts.onMessage(publication);
  }

  #lastWill(): void {
    const payload = Buffer.from(JSON.stringify({ online: false }));
    this.#parts.onMessage({ topic: nodeTopic(this.#workerId, UP.presence), payload, qos: 1 });
  }
}
