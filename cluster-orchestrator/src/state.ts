/** What the cluster keeps on disk: `<data>/cluster.sqlite`. */
import { join } from 'node:path';
import { openSqlite, put, type Store } from '@hedgerow/common';
import { type MetricRegistry, meteredStore } from '@hedgerow/common/metrics';
import type { ClusterDeps } from './app.ts';
import type { ClusterConfig } from './config.ts';
import { Instances } from './jobs/instances.ts';
import type { Identity, StoredInstance, StoredRemoteEntry, StoredSubnet, StoredWorker } from './model.ts';
import { RemoteEntries } from './network/remote.ts';
import { Spares } from './root/reserve.ts';
import { Workers } from './workers/workers.ts';

export interface State {
  workers: Workers;
  instances: Instances;
  remote: RemoteEntries;
  spares: Spares;
  /** "" until the root has given one */
  clusterId(): string;
  /** of the last root that welcomed this cluster; 0 before */
  rootEpoch(): number;
  welcomed(clusterId: string, rootEpoch: number): Promise<void>;
  /** everything of it is in memory from here on */
  load(): Promise<void>;
  /** @throws STORE_FAILED when the store cannot be read, STORE_FULL while nothing can be written */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Full durability: an accepted placement was acknowledged to the root and must outlive a power cut. */
export function openState(config: ClusterConfig, deps: ClusterDeps, metrics: MetricRegistry): State {
  const file = join(config.data, 'cluster.sqlite');
  return stateOver(meteredStore(openSqlite({ file, durability: 'full' }), metrics), deps);
}

export function stateOver(store: Store, deps: ClusterDeps): State {
  const identity = identityIn(store);
  const workers = new Workers(store.collection<StoredWorker>('workers', []));
  const remote = new RemoteEntries(store.collection<StoredRemoteEntry>('remote_entries', []), deps);
  const spares = new Spares(store.collection<StoredSubnet>('spare_subnets', []));
  const instances = new Instances({
    collection: store.collection<StoredInstance>('instances', []),
    clock: deps.clock,
    log: deps.log,
    probe: () => store.ping(),
  });
  return {
    workers,
    instances,
    remote,
    spares,
    clusterId: () => identity.get().cluster_id,
    rootEpoch: () => identity.get().root_epoch,
    welcomed: identity.set,
    async load() {
      await identity.load();
      await workers.load();
      await remote.load();
      await spares.load();
      await instances.load();
    },
    ping: () => store.ping(),
    async close() {
      await instances.stop();
      await remote.stop();
      await store.close();
    },
  };
}

function identityIn(store: Store) {
  const collection = store.collection<Identity>('identity', []);
  let own = { id: 'cluster', cluster_id: '', root_epoch: 0 };
  let isStored = true;
  return {
    get: () => own,
    async load() {
      own = { ...own, ...(await collection.get(own.id)) };
    },
    async set(cluster_id: string, root_epoch: number) {
      if (isStored && cluster_id === own.cluster_id && root_epoch === own.root_epoch) return;
      own = { ...own, cluster_id, root_epoch };
      isStored = false;
      await put(collection, own);
      isStored = true;
    },
  };
}
