/** What nobody should send to the embedded broker's port. */
import assert from 'node:assert/strict';
import { connect as dialTcp, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { systemClock } from '@hedgerow/common';
import { Random } from '@hedgerow/common/testing';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import mqttPacket from 'mqtt-packet';
import { recorder } from '../testing/recorder.ts';
import { Inbox, until } from '../testing/wait.ts';
import type { Broker, UpMessage } from './broker.ts';
import { type EmbeddedOptions, startEmbeddedBroker } from './embedded.ts';

const W1 = '111111111111111111111111';
const W2 = '222222222222222222222222';
/** Printed with what fails. */
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

let broker: Broker;
let inbox: Inbox<UpMessage>;
let sockets: Socket[];
let clients: MqttClient[];
let log: ReturnType<typeof recorder>;

async function start(options: Partial<EmbeddedOptions> = {}): Promise<void> {
  broker = await startEmbeddedBroker({
    host: '127.0.0.1',
    port: 0,
    authenticate: (workerId, secret) => secret === `secret of ${workerId}`,
    onMessage: message => inbox.put(message),
    clock: systemClock,
    log,
    ...options,
  });
}

beforeEach(() => {
  inbox = new Inbox();
  sockets = [];
  clients = [];
  log = recorder();
});
afterEach(async () => {
  for (const client of clients) client.stream.destroy();
  for (const socket of sockets) socket.destroy();
  await broker.stop();
});

function dial(): Socket {
  const socket = dialTcp({ host: '127.0.0.1', port: broker.port });
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

async function worker(workerId: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
    clientId: `${workerId}-ne`,
    username: workerId,
    password: `secret of ${workerId}`,
    reconnectPeriod: 0,
    ...options,
  });
  client.on('error', () => {});
  (client.stream as Socket).setNoDelay(true);
  clients.push(client);
  return client;
}

async function says(client: MqttClient, workerId: string, text: string): Promise<number> {
  const begun = performance.now();
  await client.publishAsync(`nodes/${workerId}/job`, text, { qos: 1 });
  await inbox.take(text, ({ payload }) => payload.toString() === text);
  return performance.now() - begun;
}

const closed = (socket: Socket) => until('the connection is closed', () => socket.destroyed || socket.closed);

function goodConnect(): Buffer {
  const who = { username: W1, password: Buffer.from(`secret of ${W1}`), clientId: `${W1}-ne` };
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    keepalive: 60,
    ...who,
  });
}

test('bytes of any kind cost their connection at most', async () => {
  await start({ connectTimeout: 200 });
  const chance = new Random(SEED);
  const below = (most: number) => Math.floor(chance.next() * most);
  const good = goodConnect();
  const publish = mqttPacket.generate({
    ...{
      cmd: 'publish',
      topic: `nodes/${W1}/job`,
      payload: '{}',
      qos: 1,
      messageId: 1,
      retain: false,
      dup: false,
    },
  });
  const noise = () => Buffer.from(Array.from({ length: below(300) }, () => below(256)));
  const mutated = (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    for (let n = 0; n < 1 + below(4); n++) copy[below(copy.length)] = below(256);
    return copy;
  };
  const kinds = [
    () => Buffer.alloc(0),
    noise,
    () => good.subarray(0, below(good.length)),
    () => mutated(good),
    () => Buffer.concat([good, noise()]),
    () => Buffer.concat([good, mutated(publish), publish]),
    () => Buffer.concat([publish, good]),
    () => Buffer.concat([good, good, good]),
    () => Buffer.concat([good, Buffer.from([0x82, 0x80])]),
    () => Buffer.concat([good, Buffer.from([0xc0, 0x00, 0xc0, 0x01])]),
  ];
  for (let n = 0; n < 400; n++) {
    const socket = dial();
    socket.write(kinds[below(kinds.length)]?.() ?? '');
    if (below(2) === 0) socket.end();
    if (n % 50 === 49)
      await says(await worker(W2), W2, `${n}`).catch(cause => assert.fail(`SEED=${SEED}: ${cause}`));
  }
});

describe('a connection that does not say who it is', () => {
  test('is closed, however slowly it begins to', async () => {
    await start({ connectTimeout: 300 });
    const silent = dial();
    const slow = dial();
    let sent = 0;
    const drip = setInterval(() => slow.write(goodConnect().subarray(sent, ++sent)), 30);
    await Promise.all([closed(silent), closed(slow)]);
    clearInterval(drip);
    assert.ok(sent < goodConnect().length);
  });

  test('gives way to newer ones when there are too many', async () => {
    await start({ mostStrangers: 10 });
    const strangers = Array.from({ length: 30 }, dial);
    await until('the oldest are closed', () => strangers.filter(s => s.destroyed).length >= 20);
    const client = await worker(W1);
    await says(client, W1, 'hello');
    assert.ok(strangers.slice(-9).every(socket => !socket.destroyed));
  });

  test('is closed when it announces more than a CONNECT can have', async () => {
    await start();
    const socket = dial();
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    await closed(socket);
  });
});

describe('a worker', () => {
  test('that sends a packet of 9 MB is cut off; one of 1 MB arrives', async () => {
    await start();
    const client = await worker(W1);
    await says(client, W1, 'x'.repeat(1_000_000));
    const gone = new Promise<void>(resolve => client.once('close', () => resolve()));
    client.publish(`nodes/${W1}/job`, Buffer.alloc(9_000_000), { qos: 0 });
    await gone;
    await says(await worker(W1), W1, 'again');
  });

  test('that sends thousands of messages is read more slowly; others are heard as ever', async () => {
    await start();
    const [loud, quiet] = [await worker(W1), await worker(W2)];
    for (let n = 0; n < 10_000; n++) loud.publish(`nodes/${W1}/beat`, 'flooding', { qos: 0 });
    const slowest = [];
    for (let n = 0; n < 10; n++) slowest.push(await says(quiet, W2, `${n}`));
    assert.ok(Math.max(...slowest) < 1000, `${slowest}`);
    const heard = inbox.all.filter(({ topic }) => topic.endsWith('beat')).length;
    assert.ok(heard >= 2000 && heard < 6000, `${heard}`);
    const lines = log.lines.filter(({ message }) => message.includes('more than it may'));
    assert.deepEqual(
      lines.map(({ fields }) => fields.worker),
      [W1],
    );
  });

  test('that reads nothing is cut off, and the orders of others go on', async () => {
    await start({ drainTimeout: 500 });
    const [stuck, other] = [await worker(W1), await worker(W2)];
    for (const [client, id] of [
      [stuck, W1],
      [other, W2],
    ] as const) {
      await client.subscribeAsync(`nodes/${id}/control/#`, { qos: 1 });
    }
    const got: string[] = [];
    other.on('message', (_, payload) => got.push(payload.toString()));
    (stuck.stream as Socket).pause();
    const gone = new Promise<void>(resolve => stuck.once('close', () => resolve()));
    const orders = Array.from({ length: 200 }, () =>
      broker.publish(`nodes/${W1}/control/deploy`, Buffer.alloc(100_000), 1).catch(() => {}),
    );
    for (let n = 0; n < 20; n++) await broker.publish(`nodes/${W2}/control/deploy`, Buffer.from(`${n}`), 1);
    await until('the orders of the other arrive', () => got.length === 20);
    (stuck.stream as Socket).on('close', () => {});
    await Promise.all(orders);
    (stuck.stream as Socket).resume();
    await gone;
  });

  test('that acknowledges nothing is cut off', async () => {
    await start({ mostUnacknowledged: 50 });
    const socket = dial();
    socket.resume();
    socket.write(goodConnect());
    const topic = `nodes/${W1}/control/#`;
    socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] }));
    await until('it is in', () => socket.bytesRead >= 9);
    for (let n = 0; n < 60; n++) await broker.publish(`nodes/${W1}/control/deploy`, Buffer.from('x'), 1);
    await closed(socket);
    assert.equal(log.lines.filter(({ message }) => message.includes('acknowledges nothing')).length, 1);
  });

  test('has a few connections, sessions and filters, and no more', async () => {
    await start();
    const many: MqttClient[] = [];
    for (let n = 0; n < 12; n++) many.push(await worker(W1, { clientId: `${W1}-${n}` }));
    await until('the oldest are closed', () => many.filter(client => !client.connected).length === 4);
    for (let n = 0; n < 8; n++) await worker(W1, { clientId: `kept-${n}-${W1}`, clean: false });
    await assert.rejects(worker(W1, { clientId: `kept-8-${W1}`, clean: false }));
    const client = await worker(W1, { clientId: `kept-0-${W1}`, clean: false });
    const filters = Array.from({ length: 64 }, (_, n) => `nodes/${W1}/x/${n}`);
    await client.subscribeAsync(filters);
    await assert.rejects(client.subscribeAsync(`nodes/${W1}/one-more`));
  });

  test('leaves nothing behind on topics that nobody asked for', async () => {
    await start();
    const client = await worker(W1);
    for (let n = 0; n < 50; n++) {
      await client.publishAsync(`nodes/${W1}/x${n}`, 'kept?', { qos: 1, retain: true });
    }
    const seen: string[] = [];
    client.on('message', topic => seen.push(topic));
    await client.subscribeAsync(`nodes/${W1}/#`, { qos: 1 });
    await broker.publish(`nodes/${W1}/control/sync`, Buffer.from('{}'), 1);
    await until('the order arrives', () => seen.length > 0);
    assert.deepEqual(seen, [`nodes/${W1}/control/sync`]);
  });
});
