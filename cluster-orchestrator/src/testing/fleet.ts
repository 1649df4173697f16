/**
 * Many workers in a process of their own, so that their side does not take the time of the cluster's. They join as fast
 * as they can, beat, and answer probes; they have no instances. Made with `fork`, told by a message what to do.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  DOWN,
  encodeBeat,
  hashInstances,
  nodeTopic,
  type RegisterRequest,
  type RegisterResponse,
  UP,
} from '@hedgerow/protos';
import { connectAsync, type MqttClient } from 'mqtt';
import { OFFER } from './hand-worker.ts';

export interface FleetOrder {
  /** of the cluster's HTTP server */
  url: string;
  /** names of the workers begin with it */
  name: string;
  count: number;
  /** ms */
  beat: number;
  /** what they say of themselves beside the usual */
  offer?: Partial<RegisterRequest>;
  /** they only beat, and answer no probe */
  deaf?: boolean;
}

export interface Fleet {
  /** resolves when all have joined */
  joined: Promise<void>;
  stop(): Promise<void>;
}

/** Registrations under way at a time. */
const SIDE_BY_SIDE = 50;

export function startFleet(order: FleetOrder): Fleet {
  const child = fork(fileURLToPath(import.meta.url), { stdio: 'inherit' });
  const ended = once(child, 'exit');
  child.send(order);
  return {
    joined: Promise.race([
      once(child, 'message').then(() => {}),
      ended.then(([code]) => Promise.reject(new Error(`the workers' process ended with code ${code}`))),
    ]),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function join(order: FleetOrder): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < order.count) {
      const host = `${order.name}${next++}`;
      live(await connect(await register(order, host)), order);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
}

function register({ url, offer }: FleetOrder, host: string): Promise<RegisterResponse> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const call = request(`${url}/api/node/register`, { agent: false, method: 'POST', headers }, response => {
      let text = '';
      response.on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(text));
      });
    });
    call.on('error', reject);
    call.end(JSON.stringify({ ...OFFER, ...offer, host }));
  });
}

interface Member {
  id: string;
  client: MqttClient;
}

async function connect(registered: RegisterResponse): Promise<Member> {
  const { id } = registered;
  const client = await connectAsync(`mqtt://127.0.0.1:${registered.MQTT_BROKER_PORT}`, {
    clientId: `${id}-ne`,
    username: registered.mqtt_username,
    password: registered.mqtt_password,
    clean: false,
    keepalive: 60,
    will: {
      topic: nodeTopic(id, UP.presence),
      payload: Buffer.from('{"online":false}'),
      qos: 1,
      retain: true,
    },
  });
  client.on('error', () => {});
  (client.stream as Socket).setNoDelay(true);
  const filters = Object.values(DOWN).map(leaf => nodeTopic(id, leaf));
  await client.subscribeAsync(filters, { qos: 1 });
  return { id, client };
}

function live({ id, client }: Member, { beat, deaf = false }: FleetOrder): void {
  const hash = hashInstances([]);
  let count = 0;
  const say = () => client.publish(nodeTopic(id, UP.beat), encodeBeat({ hash, count: count++ }), { qos: 0 });
  client.on('message', topic => {
    if (!deaf && topic === nodeTopic(id, DOWN.probe)) say();
  });
  const presence = JSON.stringify({ online: true, instances: hash, table: 0 });
  client.publish(nodeTopic(id, UP.presence), presence, { qos: 1, retain: true });
  setInterval(say, beat);
}

if (process.send) {
  const [order] = (await once(process, 'message')) as [FleetOrder];
  await join(order);
  process.send('joined');
}
