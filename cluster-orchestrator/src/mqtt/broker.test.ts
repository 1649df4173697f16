/** One contract for every broker, then what only the embedded one promises. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { closeServer, listen, silentLogger, systemClock } from '@hedgerow/common';
import { type IClientOptions, type MqttClient, connect as mqttConnect } from 'mqtt';
import { noMosquitto, startMosquitto } from '../testing/mosquitto.ts';
import { Inbox, until } from '../testing/wait.ts';
import type { Broker, UpMessage } from './broker.ts';
import { startEmbeddedBroker } from './embedded.ts';
import { startOutsideBroker } from './outside.ts';

const W1 = '111111111111111111111111';
const W2 = '222222222222222222222222';

interface Kind {
  name: string;
  skip: string | false;
  before(): Promise<void>;
  after(): Promise<void>;
  start(inbox: Inbox<UpMessage>): Promise<Broker>;
}

const embedded: Kind = {
  name: 'embedded',
  skip: false,
  before: async () => {},
  after: async () => {},
  start: inbox =>
    startEmbeddedBroker({
      host: '127.0.0.1',
      port: 0,
      authenticate: (workerId, secret) => secret === `secret of ${workerId}`,
      onMessage: message => inbox.put(message),
      clock: systemClock,
      log: silentLogger,
    }),
};

function outside(): Kind {
  let mosquitto: Awaited<ReturnType<typeof startMosquitto>>;
  return {
    name: 'outside (mosquitto)',
    skip: noMosquitto,
    async before() {
      mosquitto = await startMosquitto();
    },
    after: () => mosquitto.stop(),
    async start(inbox) {
      const started = startOutsideBroker({
        url: mosquitto.url,
        user: '',
        password: '',
        publicAddress: '',
        accounts: 'preset',
        key: 'key',
        clusterName: 'site1',
        workers: () => [],
        onMessage: m => inbox.put(m),
        clock: systemClock,
        log: silentLogger,
      });
      await until('the broker is connected', () => started.reachable());
      return started;
    },
  };
}

let broker: Broker;
let inbox: Inbox<UpMessage>;
let clients: MqttClient[];

function dial(workerId: string, options: IClientOptions = {}): MqttClient {
  const client = mqttConnect(`mqtt://127.0.0.1:${broker.port}`, {
    clientId: `${workerId}-ne`,
    username: workerId,
    password: `secret of ${workerId}`,
    reconnectPeriod: 0,
    ...options,
  });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

async function connect(workerId: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = dial(workerId, options);
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
    client.once('close', () => reject(new Error('closed')));
  });
  return client;
}

function collect(client: MqttClient): string[] {
  const seen: string[] = [];
  client.on('message', (topic, payload) => seen.push(`${topic.slice(31)} ${payload}`));
  return seen;
}

async function open(kind: Kind): Promise<void> {
  inbox = new Inbox();
  clients = [];
  broker = await kind.start(inbox);
}

async function close(): Promise<void> {
  for (const client of clients) client.stream.destroy();
  await broker.stop();
}

const up = (client: MqttClient, leaf: string, payload = '{}') =>
  client.publishAsync(`nodes/${W1}/${leaf}`, payload, { qos: 1 });
const arrived = (leaf: string) => inbox.take(leaf, message => message.topic === `nodes/${W1}/${leaf}`);

for (const kind of [embedded, outside()]) {
  describe(`broker: ${kind.name}`, { skip: kind.skip }, () => {
    before(() => kind.before());
    after(() => kind.after());
    beforeEach(() => open(kind));
    afterEach(close);

    test('brings what workers say on every up topic', async () => {
      const client = await connect(W1);
      const leaves = [
        'information',
        'job',
        'jobs/resources',
        'beat',
        'presence',
        'sync',
        'net/tablequery/request',
      ];
      for (const leaf of leaves) await up(client, leaf, leaf);
      for (const leaf of leaves) assert.equal((await arrived(leaf)).payload.toString(), leaf);
    });

    test('brings a worker all that it is told, in the order of the calls', async () => {
      const client = await connect(W1);
      const seen = collect(client);
      await client.subscribeAsync(`nodes/${W1}/control/#`, { qos: 1 });
      const told = Array.from({ length: 200 }, (_, n) => n);
      const send = (n: number, qos: 0 | 1) =>
        broker.publish(`nodes/${W1}/control/deploy`, Buffer.from(`${qos} ${n}`), qos);
      // QoS 0 and 1 may take different ways through a broker; only equal ones have an order between them
      await Promise.all(told.map(n => send(n, n % 3 === 0 ? 0 : 1)));
      await until('all arrive', () => seen.length === told.length);
      for (const qos of [0, 1] as const) {
        const expected = told
          .filter(n => (n % 3 === 0 ? 0 : 1) === qos)
          .map(n => `control/deploy ${qos} ${n}`);
        assert.deepEqual(
          seen.filter(text => text.includes(` ${qos} `)),
          expected,
        );
      }
    });

    test('keeps QoS 1 for a worker that is away, in order, and nothing twice', async () => {
      const first = await connect(W1, { clean: false });
      await first.subscribeAsync(`nodes/${W1}/control/#`, { qos: 1 });
      await first.endAsync();
      for (const n of [1, 2, 3]) {
        await broker.publish(`nodes/${W1}/control/deploy`, Buffer.from(String(n)), 1);
      }
      const again = dial(W1, { clean: false });
      const seen = collect(again);
      await new Promise(resolve => again.once('connect', resolve));
      await broker.publish(`nodes/${W1}/control/deploy`, Buffer.from('4'), 1);
      await until('the fourth arrives', () => seen.includes('control/deploy 4'));
      assert.deepEqual(
        seen,
        [1, 2, 3, 4].map(n => `control/deploy ${n}`),
      );
    });

    test('tells of a worker whose connection breaks, and not of one that says goodbye', async () => {
      const will = {
        topic: `nodes/${W1}/presence`,
        payload: Buffer.from('will'),
        qos: 1,
        retain: true,
      } as const;
      const polite = await connect(W1, { will });
      await polite.endAsync();
      const broken = await connect(W1, { will });
      await up(broken, 'job');
      await arrived('job');
      broken.stream.destroy();
      await arrived('presence');
      assert.equal(inbox.all.filter(message => message.topic.endsWith('presence')).length, 1);
    });
  });
}

describe('the embedded broker confines a worker', () => {
  beforeEach(() => open(embedded));
  afterEach(close);

  const rejects = (options: IClientOptions) => assert.rejects(connect(W1, options));

  test('to its own credential', async () => {
    await rejects({ password: 'wrong' });
    await rejects({ username: W2 });
    await rejects({ username: 'admin' });
    await assert.rejects(connect(W1, { username: '', password: '' }));
  });

  test('to client ids that name it, so that it cannot take over another worker’s session', async () => {
    await rejects({ clientId: `${W2}-ne` });
    await rejects({ clientId: 'anything' });
  });

  const foreign = [
    `nodes/${W2}/job`,
    `nodes/${W1}/control/deploy`,
    `nodes/${W1}/control/anything`,
    `nodes/${W1}/net/table`,
    `nodes/${W1}/net/tablequery/result`,
    'nodes/x/job',
    'anything',
    '$SYS/x',
  ];
  for (const topic of foreign) {
    test(`to topics of its own: may not publish to ${topic.replace(W1, '<own>').replace(W2, '<other>')}`, async () => {
      const victim = await connect(W2);
      const seen = collect(victim);
      await victim.subscribeAsync(`nodes/${W2}/#`, { qos: 1 });
      const client = await connect(W1);
      const closed = new Promise<void>(resolve => client.once('close', () => resolve()));
      client.publish(topic, 'x', { qos: 1 });
      await closed;
      assert.deepEqual([seen, inbox.all.length], [[], 0]);
    });
  }

  for (const filter of [
    `nodes/${W2}/#`,
    `nodes/${W2}/control/deploy`,
    'nodes/+/control/deploy',
    '#',
    'nodes/#',
    '$SYS/#',
  ]) {
    test(`may not subscribe to ${filter.replace(W2, '<other>')}`, async () => {
      const client = await connect(W1);
      const seen = collect(client);
      await assert.rejects(client.subscribeAsync(filter));
      await client.subscribeAsync(`nodes/${W1}/control/deploy`, { qos: 1 });
      await broker.publish(`nodes/${W2}/control/deploy`, Buffer.from('secret'), 1);
      await broker.publish(`nodes/${W1}/control/deploy`, Buffer.from('mine'), 1);
      await until('its own arrives', () => seen.length > 0);
      assert.deepEqual(seen, ['control/deploy mine']);
    });
  }

  test('which does not hear itself', async () => {
    const client = await connect(W1);
    const seen = collect(client);
    await client.subscribeAsync(`nodes/${W1}/#`, { qos: 1 });
    await up(client, 'job');
    await broker.publish(`nodes/${W1}/control/sync`, Buffer.from('{}'), 1);
    await until('the order arrives', () => seen.length > 0);
    assert.deepEqual(seen, ['control/sync {}']);
  });
});

test('a port that is taken is an error, and nothing is left running', async () => {
  const server = createServer();
  const address = await listen(server, { host: '127.0.0.1', port: 0 });
  const port = 'port' in address ? address.port : 0;
  const options = {
    host: '127.0.0.1',
    port,
    authenticate: () => true,
    onMessage: () => {},
    clock: systemClock,
    log: silentLogger,
  };
  try {
    await assert.rejects(startEmbeddedBroker(options), { code: 'ADDRESS_IN_USE' });
  } finally {
    await closeServer(server);
  }
});
