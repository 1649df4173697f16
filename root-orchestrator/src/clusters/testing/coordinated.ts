/** The coordinating side of a root on a real port, with the parts that store applications and instances before it. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { openSqlite, type Store, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { Microservice } from '@hedgerow/protos';
import type { Caller } from '../../auth/caller.ts';
import { type Collections, openCollections } from '../../collections.ts';
import { type Coordination, createCoordination } from '../../coordination.ts';
import type { Instance, Service } from '../../model.ts';
import { Applications } from '../../services/applications.ts';
import { Changes } from '../../services/changes.ts';
import { Instances } from '../../services/instances.ts';
import { Services } from '../../services/services.ts';
import { microservice, sla } from '../../testing/slas.ts';
import { type LinkClient, linkClient } from './link-client.ts';

export const TOKEN = 'join-token';
const ada: Caller = { id: 'a', name: 'ada', roles: [] };

export interface Coordinated {
  collections: Collections;
  coordination: Coordination;
  clock: ManualClock;
  store: Store;
  /** `host:port` for clusters */
  address: string;
  /** A stream, without Hello. */
  dial(name: string, token?: string): LinkClient;
  /** A connected cluster with room. */
  cluster(name: string, ...hello: Parameters<LinkClient['hello']>): Promise<LinkClient>;
  /** Stores an application of services with these names. @returns the services */
  application(name: string, ...services: (string | Microservice)[]): Promise<Service[]>;
  /** Wants one more instance. @returns its id */
  instance(service: Service | undefined): Promise<string>;
  remove(instanceId: string): Promise<void>;
  removeService(service: Service | undefined): Promise<void>;
  stored(instanceId: string): Promise<Instance>;
  /** Waits until the stored instance (null = none) is as wanted. */
  becomes(instanceId: string, matches: (instance: Instance | null) => boolean): Promise<Instance | null>;
  becomesStatus(instanceId: string, status: string): Promise<Instance>;
  stop(): Promise<void>;
}

export interface CoordinatedOptions {
  store?: Store;
  keepalive?: number;
  wrap?: (collections: Collections) => Collections;
}

export async function coordinated(options: CoordinatedOptions = {}): Promise<Coordinated> {
  const store = options.store ?? openSqlite({ file: ':memory:', durability: 'normal' });
  const opened = openCollections(store);
  const collections = options.wrap ? options.wrap(opened) : opened;
  const clock = manualClock();
  const log = silentLogger;
  const coordination = createCoordination({
    collections,
    clock,
    log,
    clusterToken: TOKEN,
    assets: '',
    ...(options.keepalive === undefined ? {} : { keepalive: options.keepalive }),
  });
  await coordination.start();
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    coordination.injectHttp2(socket);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  assert.ok(bound && typeof bound === 'object');
  const address = `127.0.0.1:${bound.port}`;
  const clients: LinkClient[] = [];
  const { addresses, deployments } = coordination;
  const deps = { collections, addresses, deployments, clock, log };
  const changes = new Changes(deps);
  const self: Coordinated = {
    collections,
    coordination,
    clock,
    store,
    address,
    dial(name, token = TOKEN) {
      const client = linkClient(address, name, token);
      clients.push(client);
      return client;
    },
    async cluster(name, ...hello) {
      const client = self.dial(name);
      await client.hello(...hello);
      client.aggregate();
      await client.settled();
      return client;
    },
    async application(name, ...services) {
      const parts = services.map(s => (typeof s === 'string' ? microservice(s) : s));
      const [made] = await new Applications(deps, changes).create(ada, sla(name, ...parts));
      return collections.services.find({ application_id: made?.applicationID ?? '' });
    },
    async instance(service) {
      assert.ok(service);
      return `${service.id}/${await new Instances(deps).add(ada, service.id)}`;
    },
    async remove(id) {
      const [service = '', number] = id.split('/');
      await new Instances(deps).remove(ada, service, Number(number));
    },
    async removeService(service) {
      assert.ok(service);
      await new Services(deps, changes).remove(ada, service.id);
    },
    async stored(id) {
      const instance = await collections.instances.get(id);
      assert.ok(instance, `${id} is not stored`);
      return instance;
    },
    async becomes(id, matches) {
      const until = performance.now() + 3000;
      for (;;) {
        const instance = await collections.instances.get(id);
        if (matches(instance)) return instance;
        assert.ok(performance.now() < until, `${id} stays ${JSON.stringify(instance)}`);
        await new Promise(resolve => setImmediate(resolve));
      }
    },
    async becomesStatus(id, status) {
      return (await self.becomes(id, instance => instance?.status === status)) as Instance;
    },
    async stop() {
      for (const client of clients) client.close();
      await coordination.stop();
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
      if (!options.store) await store.close();
    },
  };
  return self;
}
