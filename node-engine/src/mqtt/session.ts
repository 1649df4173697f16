/**
 * One connection to the broker, from CONNECT to its end. A new one is opened after each end, so nothing that was said
 * on an old connection is said again: digests at the start of the next one tell what differs. The broker keeps the
 * session (clean = false), so commands that were sent meanwhile arrive.
 */
import { connect as dial, type Socket } from 'node:net';
import { type Clock, HedgerowError, messageOf } from '@hedgerow/common';
import { DOWN, type DownTopic, nodeTopic, parseNodeTopic, UP, type UpTopic } from '@hedgerow/protos';
import { type IClientOptions, type IPublishPacket, MqttClient } from 'mqtt';
import mqttPacket from 'mqtt-packet';
import { ERRORS } from '../errors.ts';

export interface SessionOptions {
  host: string;
  port: number;
  workerId: string;
  username: string;
  password: string;
  clock: Clock;
  /** seconds without any acknowledgement until a PINGREQ is sent */
  keepalive: number;
  /** The packet is acknowledged when the promise settles: what must be stored first is stored first. */
  onMessage: (leaf: DownTopic, payload: Buffer) => Promise<void>;
  /** What came is no command of this worker's, or too large to be one; it is not kept. */
  onStrange?: (why: string, fields: object) => void;
}

/** ports of a connection, ours and the other end's */
export interface Ends {
  local: number;
  remote: number;
}

export interface Session {
  /** did the broker remember the last connection, and so what was said on it? */
  readonly resumed?: boolean;
  /** of the TCP connection, when it is one */
  readonly ends?: Ends | null;
  publish(leaf: UpTopic, payload: Buffer | object, options: { qos: 0 | 1; retain?: boolean }): void;
  /** Resolves when the broker has acknowledged; rejects when the connection ended first. */
  publishAcknowledged(leaf: UpTopic, payload: Buffer | object, options?: { retain?: boolean }): Promise<void>;
  readonly closed: Promise<void>;
  /** Ends at once, as a broken line would: the Last Will is published. */
  abort(): void;
  /** DISCONNECT: no Last Will. A line that takes it and is never closed is given up after a while. */
  end(): Promise<void>;
}

/** ms from dialling to CONNACK */
const CONNECT_TIMEOUT = 5000;
/** ms from SUBSCRIBE to SUBACK */
const SUBSCRIBE_TIMEOUT = 5000;
/** ms from DISCONNECT to the end of the connection; on a line that is dead without a word TCP would try for minutes */
const END_TIMEOUT = 2000;
/** bytes of a command; a table of five thousand services with three instances each is smaller */
export const LARGEST_COMMAND = 4 * 1024 * 1024;
const LEAVES = new Set<string>(Object.values(DOWN));

/** The encoder would keep 65,536 ready-made numbers, 12 MB, for packets that come every few seconds. */
function encodeNumbersAsNeeded(): void {
  mqttPacket.writeToStream.cacheNumbers = false;
}

/** Connects and subscribes to every command. @throws BROKER_REFUSED (credentials), BROKER_AWAY */
export async function openSession(options: SessionOptions): Promise<Session> {
  encodeNumbersAsNeeded();
  const client = createClient(options);
  const closed = new Promise<void>(resolve => client.once('close', () => resolve()));
  const session = { resumed: false };
  try {
    session.resumed = await connected(client);
    await subscribed(client, options);
  } catch (cause) {
    client.end(true);
    throw translate(options, cause);
  }
  client.on('error', () => client.stream.destroy());
  return { ...session, ends: endsOf(client.stream as Socket), ...sessionOf(client, options, closed) };
}

function endsOf({ localPort: local = 0, remotePort: remote = 0 }: Socket): Ends | null {
  return local && remote ? { local, remote } : null;
}

async function subscribed(client: MqttClient, { workerId, clock }: SessionOptions): Promise<void> {
  const topics = Object.values(DOWN).map(leaf => nodeTopic(workerId, leaf));
  const late = Promise.withResolvers<never>();
  const why = `no answer to SUBSCRIBE in ${SUBSCRIBE_TIMEOUT / 1000} s`;
  const cancel = clock.after(SUBSCRIBE_TIMEOUT, () => late.reject(new Error(why)));
  try {
    await Promise.race([client.subscribeAsync(topics, { qos: 1 }), late.promise]);
  } finally {
    cancel();
  }
}

function createClient(options: SessionOptions): MqttClient {
  const will = {
    topic: nodeTopic(options.workerId, UP.presence),
    payload: Buffer.from(JSON.stringify({ online: false })),
    qos: 1,
    retain: true,
  } as const;
  const settings: IClientOptions = {
    clientId: `${options.workerId}-ne`,
    username: options.username,
    password: options.password,
    clean: false,
    keepalive: options.keepalive,
    connectTimeout: CONNECT_TIMEOUT,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    will,
  };
  const client = new MqttClient(
    () => dial({ host: options.host, port: options.port, noDelay: true }),
    settings,
  );
  client.handleMessage = (packet, done) => receive(options, packet as IPublishPacket, done);
  return client;
}

/** One message at a time, in the broker's order: the client waits for `done` before it takes the next. */
function receive(options: SessionOptions, packet: IPublishPacket, done: () => void): void {
  const command = commandOf(options, packet);
  const handled = command ? options.onMessage(command.leaf, command.payload) : Promise.resolve();
  handled.then(
    () => done(),
    () => done(),
  );
}

/** @returns null for what is not looked at */
function commandOf(
  { workerId, onStrange }: SessionOptions,
  { topic, payload }: IPublishPacket,
): { leaf: DownTopic; payload: Buffer } | null {
  const parsed = parseNodeTopic(topic);
  const leaf = parsed?.leaf ?? '';
  if (parsed?.workerId !== workerId || !LEAVES.has(leaf)) {
    onStrange?.('a topic that is none of this worker’s', { topic: topic.slice(0, 200) });
    return null;
  }
  const bytes = Buffer.byteLength(payload);
  if (bytes > LARGEST_COMMAND) {
    onStrange?.(`more than ${LARGEST_COMMAND} bytes`, { topic: leaf, bytes });
    return null;
  }
  return { leaf: leaf as DownTopic, payload: Buffer.from(payload as Buffer) };
}

/** @returns whether the broker still had the session */
function connected(client: MqttClient): Promise<boolean> {
  return new Promise((resolve, reject) => {
    client.once('connect', ({ sessionPresent }) => resolve(sessionPresent));
    client.on('error', reject);
    client.once('close', () => reject(new Error('the connection was closed')));
  });
}

/** CONNACK 4 = bad user name or password, 5 = not authorised (MQTT 3.1.1, 3.2.2.3). */
function translate(options: SessionOptions, cause: unknown): HedgerowError {
  const code = (cause as { code?: unknown }).code;
  const kind = code === 4 || code === 5 ? ERRORS.BROKER_REFUSED : ERRORS.BROKER_AWAY;
  return new HedgerowError(kind, `broker at ${options.host}:${options.port}: ${messageOf(cause)}`, { cause });
}

function sessionOf(client: MqttClient, { workerId, clock }: SessionOptions, closed: Promise<void>): Session {
  const send = (
    leaf: UpTopic,
    payload: Buffer | object,
    options: { qos: 0 | 1; retain?: boolean },
    done: (error?: Error) => void,
  ): void => {
    const bytes = Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
    if (!client.connected) done(new Error('not connected'));
    else client.publish(nodeTopic(workerId, leaf), bytes, options, error => done(error ?? undefined));
  };
  // not one reaction on `closed` per message: those are kept until it settles, which may be in months
  const unanswered = new Set<(why: Error) => void>();
  void closed.then(() => {
    for (const reject of unanswered) reject(new Error('the connection ended'));
  });
  return {
    closed,
    publish: (leaf, payload, options) => send(leaf, payload, options, () => {}),
    publishAcknowledged: (leaf, payload, options) =>
      new Promise((resolve, reject) => {
        unanswered.add(reject);
        send(leaf, payload, { qos: 1, ...options }, error => {
          unanswered.delete(reject);
          if (error) reject(error);
          else resolve();
        });
      }),
    abort: () => client.stream.destroy(),
    end: async () => {
      client.end(false);
      const cancel = clock.after(END_TIMEOUT, () => client.stream.destroy());
      await closed;
      cancel();
    },
  };
}
