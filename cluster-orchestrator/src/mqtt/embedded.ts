/** The broker inside the cluster's process: aedes over TCP, MQTT 3.1.1, sessions and retained messages in memory. */
import { createServer, type Server, type Socket } from 'node:net';
import {
  type Clock,
  closeServer,
  HedgerowError,
  isId,
  type Logger,
  listen,
  messageOf,
  SerialByKey,
} from '@hedgerow/common';
import { parseNodeTopic, UP } from '@hedgerow/protos';
import { Aedes, type AedesPublishPacket, type AuthenticateError } from 'aedes';
import mqttPacket from 'mqtt-packet';
import { ERRORS } from '../errors.ts';
import { noAccounts } from './accounts/accounts.ts';
import { mayPublish, maySubscribe, mayUseClientId } from './acl.ts';
import type { Broker, UpHandler } from './broker.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { Settling } from './settling.ts';

export interface EmbeddedOptions {
  host: string;
  port: number;
  /** Is this the secret of this worker? */
  authenticate(workerId: string, secret: string): boolean;
  onMessage: UpHandler;
  /** It is this worker that has connected: a sign of life, a round trip or two before its first word. */
  onConnected?(workerId: string): void;
  clock: Clock;
  log: Logger;
  /** ms that a worker's socket may be full before it is closed */
  drainTimeout?: number;
  /** ms that a connection has to say who it is */
  connectTimeout?: number;
  /** connections that may be there without having said so */
  mostStrangers?: number;
  /** messages that a worker may have taken without acknowledging them */
  mostUnacknowledged?: number;
}

const DRAIN_TIMEOUT = 10_000;
const CONNECT_TIMEOUT = 10_000;
/** ms without traffic until TCP probes the connection; a worker that beats never gets there */
const TCP_KEEPALIVE = 30_000;
/** MQTT 3.1.1 return codes */
const IDENTIFIER_REJECTED = 2;
const SERVER_UNAVAILABLE = 3;
const BAD_USERNAME_OR_PASSWORD = 4;

/** @throws the error of listening */
export async function startEmbeddedBroker(options: EmbeddedOptions): Promise<Broker> {
  // The encoder would keep 65,536 ready-made numbers, 12 MB.
  mqttPacket.writeToStream.cacheNumbers = false;
  const settling = new Settling();
  const door = new Doorkeeper(options);
  const aedes = await createAedes(options, settling, door);
  const sockets = new Set<Socket>();
  const server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE },
    socket => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      door.enter(socket);
      aedes.handle(socket);
    },
  );
  const bound = await listenOrClose(aedes, server, options);
  // aedes gives each message a number and drops what it sees out of order, so a worker's messages go one by one
  const order = new SerialByKey();
  return {
    host: '',
    port: bound,
    accounts: noAccounts,
    reachable: () => true,
    publish: (topic, payload, qos) => {
      const workerId = parseNodeTopic(topic)?.workerId ?? '';
      return order.run(workerId, async () => {
        await settling.settled(workerId);
        await publish(aedes, topic, payload, qos);
      });
    },
    async stop() {
      const closed = closeServer(server);
      await new Promise<void>(resolve => aedes.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function createAedes(options: EmbeddedOptions, settling: Settling, door: Doorkeeper): Promise<Aedes> {
  const aedes = await Aedes.createBroker({
    drainTimeout: options.drainTimeout ?? DRAIN_TIMEOUT,
    connectTimeout: options.connectTimeout ?? CONNECT_TIMEOUT,
    // no limit for all together: those that are slow would use it up, and hold up the others
    concurrency: 0,
    authenticate(client, username, password, done) {
      const workerId = username ?? '';
      const refused = refusal(options, client.id, workerId, password?.toString() ?? '');
      if (refused) return done(refused, null);
      if (!door.admit(client, workerId))
        return done(authError('too many sessions', SERVER_UNAVAILABLE), null);
      settling.begin(workerId, client);
      done(null, true);
      options.onConnected?.(workerId);
    },
    authorizePublish(client, packet, done) {
      // kept is what a worker says last of its presence; other topics would fill the memory
      if (parseNodeTopic(packet.topic)?.leaf !== UP.presence) packet.retain = false;
      const allowed = mayPublish(door.workerOf(client), packet.topic);
      done(allowed ? null : new Error(`may not publish to ${packet.topic.slice(0, 200)}`));
    },
    authorizeSubscribe(client, subscription, done) {
      const { topic } = subscription;
      const allowed = maySubscribe(door.workerOf(client), topic) && door.maySubscribe(client, topic);
      done(null, allowed ? subscription : null);
    },
    authorizeForward(client, packet) {
      // a worker that subscribes to all of its topics need not hear itself
      if (sender(packet) === client.id) return null;
      if (packet.qos > 0) door.sends(client);
      return packet;
    },
  });
  settling.watch(aedes);
  door.watch(aedes);
  reportTrouble(aedes, options.log);
  await Promise.all(Object.values(UP).map(leaf => subscribe(aedes, `nodes/+/${leaf}`, options.onMessage)));
  return aedes;
}

/** Not in aedes' types, but set on each packet that a client sent. */
function sender(packet: AedesPublishPacket): string | undefined {
  return (packet as { clientId?: string }).clientId;
}

function refusal(options: EmbeddedOptions, clientId: string, workerId: string, secret: string) {
  if (!isId(workerId) || !options.authenticate(workerId, secret)) {
    return authError('no worker has this id and secret', BAD_USERNAME_OR_PASSWORD);
  }
  if (!mayUseClientId(workerId, clientId)) {
    return authError(`the client id must contain ${workerId}`, IDENTIFIER_REJECTED);
  }
  return null;
}

function authError(message: string, returnCode: number): AuthenticateError {
  return Object.assign(new Error(message), { returnCode });
}

function reportTrouble(aedes: Aedes, log: Logger): void {
  aedes.on('clientError', (client, error) => {
    log.debug({ client: client.id, error: messageOf(error) }, 'a worker’s connection failed');
  });
  aedes.on('connectionError', (_, error) => {
    log.info({ error: messageOf(error) }, 'a connection to the broker was refused');
  });
  // aedes emits it, its types do not know it
  (aedes as NodeJS.EventEmitter).on('error', (error: unknown) => {
    log.error({ error: messageOf(error) }, 'broker failed');
  });
}

function subscribe(aedes: Aedes, topic: string, onMessage: UpHandler): Promise<void> {
  return new Promise(resolve => {
    aedes.subscribe(
      topic,
      (packet, done) => {
        onMessage({ topic: packet.topic, payload: Buffer.from(packet.payload), retained: false });
        done();
      },
      resolve,
    );
  });
}

function publish(aedes: Aedes, topic: string, payload: Buffer, qos: 0 | 1): Promise<void> {
  return new Promise((resolve, reject) => {
    if (aedes.closed) return reject(new HedgerowError(ERRORS.BROKER_FAILED, 'the broker is closed'));
    aedes.publish({ cmd: 'publish', topic, payload, qos, retain: false, dup: false }, error => {
      if (error) reject(new HedgerowError(ERRORS.BROKER_FAILED, messageOf(error), { cause: error }));
      else resolve();
    });
  });
}

async function listenOrClose(aedes: Aedes, server: Server, options: EmbeddedOptions): Promise<number> {
  try {
    const address = await listen(server, { host: options.host, port: options.port });
    return 'port' in address ? address.port : options.port;
  } catch (error) {
    await new Promise<void>(resolve => aedes.close(() => resolve()));
    throw error;
  }
}
