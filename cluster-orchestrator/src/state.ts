/** What the cluster keeps on disk: `<data>/cluster.sqlite`. */
import { join } from 'node:path';
import { openSqlite, put, type Store } from '@hedgerow/common';
import { type MetricRegistry, meteredStore } from '@hedgerow/common/metrics';
import type { ClusterDeps } from './app.ts';
import type { ClusterConfig } from './config.ts';
import { Instances } from './jobs/instances.ts';
import type { Identity, StoredInstance, StoredRemoteEntry, StoredWorker } from './model.ts';
import { RemoteEntries } from './network/remote.ts';
import { Workers } from './workers/workers.ts';

export interface State {
  workers: Workers;
  instances: Instances;
  remote: RemoteEntries;
  /** "" until the root has given one */
  clusterId(): string;
  setClusterId(id: string): Promise<void>;
  /** everything of it is in memory from here on */
  load(): Promise<void>;
  /** @throws STORE_FAILED when the store cannot be read */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Full durability: an accepted placement was acknowledged to the root and must outlive a power cut. */
export function openState(config: ClusterConfig, deps: ClusterDeps, metrics: MetricRegistry): State {
  const file = join(config.data, 'cluster.sqlite');
  const store = meteredStore(openSqlite({ file, durability: 'full' }), metrics);
  const identity = identityIn(store);
  const workers = new Workers(store.collection<StoredWorker>('workers', []));
  const remote = new RemoteEntries(store.collection<StoredRemoteEntry>('remote_entries', []), deps.log);
  const instances = new Instances({
    collection: store.collection<StoredInstance>('instances', []),
    clock: deps.clock,
    log: deps.log,
  });
  return {
    workers,
    instances,
    remote,
    clusterId: identity.get,
    setClusterId: identity.set,
    async load() {
      await identity.load();
      await workers.load();
      await remote.load();
      await instances.load();
    },
    ping: () => store.ping(),
    async close() {
      await instances.flush();
      await remote.idle();
      await store.close();
    },
  };
}

function identityIn(store: Store) {
  const collection = store.collection<Identity>('identity', []);
  let id = '';
  return {
    get: () => id,
    async load() {
      id = (await collection.get('cluster'))?.cluster_id ?? '';
    },
    async set(next: string) {
      if (next === id) return;
      id = next;
      await put(collection, { id: 'cluster', cluster_id: next });
    },
  };
}
