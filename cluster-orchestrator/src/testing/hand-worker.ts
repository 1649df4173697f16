/** A worker, played by hand: registers over HTTP and speaks MQTT through a real client. */
import type { Socket } from 'node:net';
import { addIpv4 } from '@hedgerow/common';
import {
  type DeletePayload,
  type DeployPayload,
  DOWN,
  type DownTopic,
  digestTable,
  encodeBeat,
  fromTableResult,
  hashInstances,
  type JobPayload,
  nodeTopic,
  parseNodeTopic,
  type RegisterRequest,
  type RegisterResponse,
  type TableEntry,
  type TablePayload,
  type TableResultPayload,
  UP,
} from '@hedgerow/protos';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { Inbox } from './wait.ts';

export interface Received {
  leaf: DownTopic;
  text: string;
}

export const OFFER: RegisterRequest = {
  host: 'worker1',
  vcpus: 4,
  memory: 4000,
  architecture: 'amd64',
  virtualization: ['docker'],
  public_address: '192.0.2.1',
  tunnel_port: 50103,
  overlay: true,
};

export async function postRegister(url: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}/api/node/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

export class HandWorker {
  readonly inbox = new Inbox<Received>();
  readonly registered: RegisterResponse;
  readonly #instances = new Map<string, JobPayload>();
  #table = new Map<string, TableEntry>();
  #client: MqttClient | undefined;
  #beats = 0;

  constructor(registered: RegisterResponse) {
    this.registered = registered;
  }

  get id(): string {
    return this.registered.id;
  }

  /** @returns one of its subnet; the first one that an instance may have is 2 */
  address(offset = 2): string {
    const { subnet } = this.registered;
    return subnet === '' ? '' : addIpv4(subnet, offset);
  }

  /** Comes with a sync, as software without digests. */
  async connect(options: IClientOptions = {}): Promise<void> {
    await this.#dial(options);
    await this.#publish(UP.presence, { online: true });
    await this.sync();
  }

  /** Comes (back) and says by digests what it has. */
  async arrive(digests: { instances?: number; table?: number } = {}): Promise<void> {
    await this.#dial();
    await this.greet(digests);
  }

  async greet(digests: { instances?: number; table?: number } = {}): Promise<void> {
    const table = this.#table.size === 0 ? 0 : digestTable(this.#table.values());
    await this.#publish(UP.presence, { online: true, instances: this.#hash(), table, ...digests });
  }

  async #dial(options: IClientOptions = {}): Promise<void> {
    const { registered } = this;
    const client = await connectAsync(`mqtt://127.0.0.1:${registered.MQTT_BROKER_PORT}`, {
      clientId: `${registered.id}-ne`,
      username: registered.mqtt_username,
      password: registered.mqtt_password,
      clean: false,
      reconnectPeriod: 0,
      will: {
        topic: nodeTopic(registered.id, UP.presence),
        payload: Buffer.from('{"online":false}'),
        qos: 1,
        retain: true,
      },
      ...options,
    });
    client.on('error', () => {});
    (client.stream as Socket).setNoDelay(true);
    client.on('message', (topic, payload) => {
      const leaf = parseNodeTopic(topic)?.leaf as DownTopic;
      this.#keep(leaf, payload.toString());
      this.inbox.put({ leaf, text: payload.toString() });
    });
    this.#client = client;
    await client.subscribeAsync(
      Object.values(DOWN).map(leaf => nodeTopic(registered.id, leaf)),
      { qos: 1 },
    );
  }

  #keep(leaf: DownTopic, text: string): void {
    if (leaf === DOWN.table) {
      const { entries, part = 0 } = JSON.parse(text) as TablePayload;
      if (part === 0) this.#table.clear();
      for (const entry of entries) this.#table.set(entry.job_name, entry);
    } else if (leaf === DOWN.tableResult) {
      const entry = fromTableResult(JSON.parse(text) as TableResultPayload);
      if (entry.removed) this.#table.delete(entry.job_name);
      else this.#table.set(entry.job_name, entry);
    }
  }

  #hash(): number {
    return hashInstances(
      [...this.#instances.values()].map(job => ({ ...job, instance_number: job.instance })),
    );
  }

  /** As a cut cable or a killed process: no DISCONNECT. */
  drop(): Promise<void> {
    return this.#end(client => client.stream.destroy());
  }

  leave(): Promise<void> {
    return this.#end(client => void client.end());
  }

  async #end(how: (client: MqttClient) => void): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (!client?.connected) return;
    await new Promise<void>(resolve => {
      client.once('close', () => resolve());
      how(client);
    });
  }

  sync(): Promise<void> {
    return this.#publish(UP.sync, { instances: [...this.#instances.values()] });
  }

  async beat(): Promise<void> {
    const beat = encodeBeat({ hash: this.#hash(), count: this.#beats++ });
    // QoS 1, so that the test knows when it has arrived
    await this.client.publishAsync(nodeTopic(this.id, UP.beat), beat, { qos: 1 });
  }

  async publish(leaf: string, payload: unknown): Promise<void> {
    await this.#publish(leaf, payload);
  }

  /** Takes the next order to run an instance and says that it runs. */
  async run(namespaceIp = this.address()): Promise<DeployPayload> {
    const order = await this.deploy();
    await this.say(order, 'CREATING');
    await this.say(order, 'RUNNING', namespaceIp);
    return order;
  }

  /** Has the instance, and says its status. */
  async say(order: DeployPayload, status: string, namespaceIp = '', detail = ''): Promise<void> {
    const job: JobPayload = {
      sname: order.job_name,
      service_id: order.service_id,
      instance: order.instance_number,
      status,
      status_detail: detail,
      publicip: '192.0.2.1',
      namespace_ip: namespaceIp,
      generation: order.generation,
      epoch: order.epoch,
      logs: '',
    };
    const key = `${order.service_id}/${order.instance_number}`;
    if (status === 'UNDEPLOYED') this.#instances.delete(key);
    else this.#instances.set(key, job);
    await this.#publish(UP.job, job);
  }

  /** Forgets what it has without a word. */
  lose(order: DeployPayload): void {
    this.#instances.delete(`${order.service_id}/${order.instance_number}`);
  }

  deploy(): Promise<DeployPayload> {
    return this.next<DeployPayload>(DOWN.deploy);
  }

  /** Takes the next order to remove an instance and obeys. */
  async remove(): Promise<DeletePayload> {
    const order = await this.next<DeletePayload>(DOWN.delete);
    const has = this.#instances.get(`${order.service_id}/${order.instance_number}`);
    this.#instances.delete(`${order.service_id}/${order.instance_number}`);
    const instance = order.instance_number;
    await this.#publish(UP.job, { ...has, sname: order.job_name, ...order, instance, status: 'UNDEPLOYED' });
    return order;
  }

  table(): Promise<TablePayload> {
    return this.next<TablePayload>(DOWN.table);
  }

  tableResult(matches: (result: TableResultPayload) => boolean = () => true): Promise<TableResultPayload> {
    return this.inbox
      .take('net/tablequery/result', m => m.leaf === DOWN.tableResult && matches(JSON.parse(m.text)))
      .then(message => JSON.parse(message.text));
  }

  async next<T>(leaf: DownTopic): Promise<T> {
    const message = await this.inbox.take(`${leaf} at ${this.id}`, received => received.leaf === leaf);
    return JSON.parse(message.text);
  }

  /** How many messages of this topic nobody has looked at. */
  waiting(leaf: DownTopic): number {
    return this.inbox.untaken(message => message.leaf === leaf).length;
  }

  get client(): MqttClient {
    if (!this.#client) throw new Error('not connected');
    return this.#client;
  }

  async #publish(leaf: string, payload: unknown): Promise<void> {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    await this.client.publishAsync(`nodes/${this.id}/${leaf}`, text, { qos: 1 });
  }
}
