import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { newId, newSecret } from '@hedgerow/common';
import {
  DOWN,
  type DownTopic,
  nodeTopic,
  parseNodeTopic,
  type RegisterRequest,
  UP,
  type UpTopic,
} from '@hedgerow/protos';
import { Aedes } from 'aedes';
import { type Inbox, inbox } from './inbox.ts';

export interface UpMessage {
  leaf: UpTopic;
  payload: Buffer;
  json: () => Record<string, unknown>;
  /** for people */
  toJSON: () => string;
  qos: number;
  retain: boolean;
}

export interface TestCluster {
  port: number;
  /** bodies of registrations */
  registrations: Inbox<RegisterRequest>;
  /** everything that workers publish */
  up: Inbox<UpMessage>;
  send(leaf: DownTopic, payload: object, qos?: 0 | 1): Promise<void>;
  /** Sends what no cluster would. */
  sendRaw(leaf: DownTopic, payload: string | Buffer): Promise<void>;
  /** false = it believes what workers say of themselves by digests; else it asks everybody who comes for a `sync` */
  asks: boolean;
  /** bytes of payloads between workers and broker, both ways, since this was set to 0 */
  bytes: number;
  /** Answers registrations like this until it is undefined again. */
  refuse: { status: number; body: object } | undefined;
  /** Makes the next registration a new worker. */
  forget(): void;
  /** Credentials that were given out are refused; a registration with the old ones gives new ones. */
  changeSecrets(): void;
  /** Answers nothing more on the connections that there are, and does not close them. */
  mute(): void;
  /** Breaks every connection to the broker, as a cut line would. */
  cut(): void;
  /** The broker neither answers nor refuses until `listen`. */
  deafen(): Promise<void>;
  listen(): Promise<void>;
  stop(): Promise<void>;
}

const UP_LEAVES = new Set<string>(Object.values(UP));

/** The worker's side of a Cluster Manager on real parts: an HTTP server and a broker that checks credentials. */
export async function startTestCluster(): Promise<TestCluster> {
  const workers = new Map<string, { secret: string; password: string }>();
  const registrations = inbox<RegisterRequest>();
  const up = inbox<UpMessage>();
  const broker = await Aedes.createBroker({
    authenticate: (_client, username, password, done) => {
      const known = workers.get(username ?? '')?.password === password?.toString();
      if (known) done(null, true);
      else done(Object.assign(new Error('bad credentials'), { returnCode: 4 }), false);
    },
  });
  broker.on('publish', packet => {
    const { workerId = '', leaf } = parsedTopic(packet.topic);
    const payload = Buffer.from(packet.payload);
    if (leaf) cluster.bytes += payload.length;
    const message = {
      payload,
      json: () => JSON.parse(payload.toString()),
      toJSON: () => `${leaf} ${payload.toString()}`,
      qos: packet.qos,
      retain: packet.retain,
    };
    if (leaf && UP_LEAVES.has(leaf)) up.put({ leaf, ...message });
    if (cluster.asks && leaf === UP.presence && message.json().online === true)
      void publish(workerId, DOWN.sync, '{}', 1);
  });
  const publish = (workerId: string, leaf: DownTopic, payload: string | Buffer, qos: 0 | 1) => {
    const topic = nodeTopic(workerId, leaf);
    const packet = { cmd: 'publish', topic, payload, qos } as const;
    return new Promise<void>((resolve, reject) => {
      broker.publish({ ...packet, dup: false, retain: false }, error => (error ? reject(error) : resolve()));
    });
  };
  const sockets = new Set<Socket>();
  const mqtt = createTcpServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  const mqttPort = await listenOn(mqtt, 0);
  let lastId = '';
  const http = createServer(async (request, response) => {
    const body = (await readJson(request)) as RegisterRequest;
    const answer = cluster.refuse ?? { status: 200, body: register(body) };
    registrations.put(body);
    response
      .writeHead(answer.status, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer.body));
  });
  const register = (body: RegisterRequest) => {
    const known = workers.get(body.id ?? '');
    const secret = known && known.secret === body.secret ? known.secret : newSecret();
    lastId = known && known.secret === body.secret ? (body.id ?? '') : newId(Date.now());
    const password = newSecret();
    workers.set(lastId, { secret, password });
    return {
      id: lastId,
      MQTT_BROKER_PORT: String(mqttPort),
      MQTT_BROKER_HOST: '',
      mqtt_username: lastId,
      mqtt_password: password,
      secret,
      subnet: '10.18.0.0',
      cluster_id: newId(Date.now()),
      cluster_name: 'test',
    };
  };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const cluster: TestCluster = {
    port: await listenOn(http, 0),
    registrations,
    up,
    asks: true,
    bytes: 0,
    refuse: undefined,
    forget: () => workers.clear(),
    changeSecrets: () => {
      for (const worker of workers.values()) worker.password = newSecret();
    },
    mute: () => {
      for (const socket of sockets) socket.removeAllListeners('readable').removeAllListeners('data').pause();
    },
    cut,
    send: (leaf, payload, qos = 1) => publish(lastId, leaf, JSON.stringify(payload), qos),
    sendRaw: (leaf, payload) => publish(lastId, leaf, payload, 1),
    async deafen() {
      cut();
      await new Promise<void>(resolve => mqtt.close(() => resolve()));
    },
    async listen() {
      await listenOn(mqtt, mqttPort);
    },
    async stop() {
      cut();
      http.closeAllConnections();
      await Promise.all([close(http), close(mqtt), new Promise<void>(resolve => broker.close(resolve))]);
    },
  };
  return cluster;
}

function parsedTopic(topic: string): { workerId?: string; leaf?: UpTopic } {
  return (parseNodeTopic(topic) ?? {}) as { workerId?: string; leaf?: UpTopic };
}

async function listenOn(server: Server | ReturnType<typeof createTcpServer>, port: number): Promise<number> {
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', () => resolve()));
  return (server.address() as AddressInfo).port;
}

function close(server: Server | ReturnType<typeof createTcpServer>): Promise<void> {
  return new Promise(resolve => server.close(() => resolve()));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  return JSON.parse(await text(request));
}
