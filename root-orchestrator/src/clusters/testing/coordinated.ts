/** The coordinating side of a root on a real port, with the parts that store applications and instances before it. */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import {
  closeServer,
  formatAddress,
  type Logger,
  listen,
  openSqlite,
  type Store,
  silentLogger,
} from '@hedgerow/common';
import type { MetricRegistry } from '@hedgerow/common/metrics';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { Microservice } from '@hedgerow/protos';
import type { Caller } from '../../auth/caller.ts';
import { type Collections, openCollections } from '../../collections.ts';
import { type Coordination, createCoordination } from '../../coordination.ts';
import type { Instance, Service } from '../../model.ts';
import { Applications } from '../../services/applications.ts';
import { Changes, type ChangesDeps } from '../../services/changes.ts';
import { Instances } from '../../services/instances.ts';
import { Services } from '../../services/services.ts';
import { microservice, sla } from '../../testing/slas.ts';
import { type LinkClient, linkClient } from './link-client.ts';

export const TOKEN = 'join-token';
const ada: Caller = { id: 'a', name: 'ada', roles: ['Admin'], organization: 'o' };
/** ms */
export const LEASE = 10_000;
/** ms that a change may be waited for */
const PATIENCE = 3000;

export interface CoordinatedOptions {
  /** another root's; it is not closed */
  store?: Store;
  keepalive?: number;
  log?: Logger;
  metrics?: MetricRegistry;
  wrap?: (collections: Collections) => Collections;
}

export async function coordinated(options: CoordinatedOptions = {}): Promise<Coordinated> {
  const store = options.store ?? openSqlite({ file: ':memory:', durability: 'normal' });
  const opened = openCollections(store);
  const collections = options.wrap?.(opened) ?? opened;
  const [clock, log] = [manualClock(), options.log ?? silentLogger];
  const keepalive = options.keepalive === undefined ? {} : { keepalive: options.keepalive };
  const metrics = options.metrics === undefined ? {} : { metrics: options.metrics };
  const own = { clusterToken: TOKEN, assets: '', shared: store.shared, lease: LEASE };
  const coordination = createCoordination({ collections, clock, log, ...own, ...keepalive, ...metrics });
  await coordination.start();
  const port = await openInjected(coordination);
  await coordination.stand(port.address);
  const deps = { collections, clock, log, addresses: coordination.addresses };
  return new Coordinated({ ...deps, store, coordination, port, owns: !options.store });
}

interface InjectedPort {
  address: string;
  close(): Promise<void>;
}

/** A port whose every connection is handed over. */
async function openInjected(coordination: Coordination): Promise<InjectedPort> {
  const sockets = new Set<Socket>();
  const server: Server = createServer(socket => {
    sockets.add(socket);
    coordination.injectHttp2(socket);
  });

  const bound = await listen(server, { host: '127.0.0.1', port: 0 });
  return {
    address: formatAddress(bound),
    close() {
      for (const socket of sockets) socket.destroy();
      return closeServer(server);
    },
  };
}

interface Parts extends ChangesDeps {
  store: Store;
  owns: boolean;
  clock: ManualClock;
  coordination: Coordination;
  port: InjectedPort;
}

export class Coordinated {
  readonly collections: Collections;
  readonly coordination: Coordination;
  readonly clock: ManualClock;
  readonly store: Store;
  /** `host:port` for clusters */
  readonly address: string;
  readonly #parts: Parts;
  readonly #changes: Changes;
  readonly #clients: LinkClient[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#changes = new Changes(parts);
    this.collections = parts.collections;
    this.coordination = parts.coordination;
    this.clock = parts.clock;
    this.store = parts.store;
    this.address = parts.port.address;
  }

  /** A stream, without Hello. */
  dial(name: string, token = TOKEN): LinkClient {
    const client = linkClient(this.address, name, token);
    this.#clients.push(client);
    return client;
  }

  /** A connected cluster with room. */
  async cluster(name: string, ...hello: Parameters<LinkClient['hello']>): Promise<LinkClient> {
    const client = this.dial(name);
    await client.hello(...hello);
    client.aggregate();
    await client.settled();
    return client;
  }

  /** Stores an application of services with these names. @returns the services */
  async application(name: string, ...services: (string | Microservice)[]): Promise<Service[]> {
    const described = services.map(s => (typeof s === 'string' ? microservice(s) : s));
    const applications = new Applications(this.#parts, this.#changes);
    const [made] = await applications.create(ada, sla(name, ...described));
    return this.collections.services.find({ application_id: made?.applicationID ?? '' });
  }

  /** Wants one more instance. @returns its id */
  async instance(service: Service | undefined): Promise<string> {
    assert.ok(service);
    return `${service.id}/${await new Instances(this.#parts).add(ada, service.id)}`;
  }

  async remove(instanceId: string): Promise<void> {
    const [service = '', number] = instanceId.split('/');
    await new Instances(this.#parts).remove(ada, service, Number(number));
  }

  async removeService(service: Service | undefined): Promise<void> {
    assert.ok(service);
    await new Services(this.#parts, this.#changes).remove(ada, service.id);
  }

  /** Waits until the root has noticed that a cluster went. */
  async becomesDisconnected(clusterId: string): Promise<void> {
    const until = performance.now() + PATIENCE;
    while (this.coordination.sessions.isConnected(clusterId)) {
      assert.ok(performance.now() < until, `${clusterId} stays connected`);
      await new Promise(resolve => setImmediate(resolve));
    }
  }

  /** Time goes by in steps, with what happens in them between. */
  async pass(ms: number, step = 1000): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left));
      for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
    }
  }

  async stored(instanceId: string): Promise<Instance> {
    const instance = await this.collections.instances.get(instanceId);
    assert.ok(instance, `${instanceId} is not stored`);
    return instance;
  }

  /** Waits until the stored instance (null = none) is as wanted. */
  async becomes(id: string, matches: (instance: Instance | null) => boolean): Promise<Instance | null> {
    const until = performance.now() + PATIENCE;
    for (;;) {
      const instance = await this.collections.instances.get(id);
      if (matches(instance)) return instance;
      assert.ok(performance.now() < until, `${id} stays ${JSON.stringify(instance)}`);
      await new Promise(resolve => setImmediate(resolve));
    }
  }

  async becomesStatus(id: string, status: string): Promise<Instance> {
    return (await this.becomes(id, instance => instance?.status === status)) as Instance;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.coordination.stop();
    await this.#parts.port.close();
    if (this.#parts.owns) await this.store.close();
  }
}
