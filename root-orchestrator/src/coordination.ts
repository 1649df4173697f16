/** Wires the side of the root that faces clusters: their streams, the scheduling, the addresses, the network table. */
import type { Socket } from 'node:net';
import type { Clock, Logger } from '@hedgerow/common';
import { Clusters } from './clusters/clusters.ts';
import type { HandlerParts } from './clusters/handlers/handler.ts';
import { serve } from './clusters/serve.ts';
import { createLinkServer } from './clusters/server.ts';
import type { Collections } from './collections.ts';
import { Board } from './deployments/board.ts';
import { Driver } from './deployments/driver.ts';
import { InstanceStore } from './deployments/instance-store.ts';
import { Placement } from './deployments/placement.ts';
import { Reconciler } from './deployments/reconciler.ts';
import { Removal } from './deployments/removal.ts';
import { AddressBook } from './network/addresses.ts';
import { Lookup } from './network/lookup.ts';
import { Subnets } from './network/subnets.ts';
import { sweepClaims } from './network/sweep.ts';
import { Table } from './network/table.ts';
import type { Addresses, Deployments, Sessions } from './ports.ts';

export interface CoordinationDeps {
  collections: Collections;
  clock: Clock;
  log: Logger;
  /** join token of clusters */
  clusterToken: string;
  /** folder of cluster-link.proto; "" = beside the sources */
  assets: string;
  /** ms between pings to a cluster, and that an answer may take */
  keepalive?: number;
}

export interface Coordination {
  deployments: Deployments;
  addresses: Addresses;
  sessions: Sessions;
  /** Takes a connection whose first bytes are the preface of HTTP/2, none of them consumed (or all unshifted). */
  injectHttp2(socket: Socket): void;
  /** Frees claims without owners and takes up what is not settled. Before the API answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A dead cluster is noticed after 4 s without traffic and 4 s without an answer to the ping. */
const KEEPALIVE = 4000;
/** Timers of the pings are not the injected clock's: some room for both to be late. */
const KEEPALIVE_SLACK = 1000;

export function createCoordination(deps: CoordinationDeps): Coordination {
  const core = createCore(deps);
  const { clusters, addresses, subnets, table, driver } = core;
  const streams = new Set<Promise<void>>();
  const link = createLinkServer({
    token: deps.clusterToken,
    assets: deps.assets,
    keepalive: deps.keepalive ?? KEEPALIVE,
    log: deps.log,
    accept(session) {
      const stream = serve(session, core);
      streams.add(stream);
      void stream.finally(() => streams.delete(stream));
    },
  });
  return {
    deployments: driver,
    addresses: forgetting(addresses, table),
    sessions: clusters,
    injectHttp2: socket => link.inject(socket),
    async start() {
      await sweepClaims(deps.collections, deps.log);
      for (const part of [addresses, subnets, clusters]) await part.load();
      await driver.resume();
    },
    async stop() {
      table.stop();
      link.stop();
      await Promise.all(streams);
      await driver.stop();
      await clusters.flush();
    },
  };
}

type Core = HandlerParts & { addresses: AddressBook };

function createCore({ collections, clock, log, keepalive = KEEPALIVE }: CoordinationDeps): Core {
  const { services, claims } = collections;
  const clusters = new Clusters({ clusters: collections.clusters, clock, log });
  const board = new Board();
  const addresses = new AddressBook(claims);
  const table = new Table({ services, board, clusters, clock, log });
  const touched = (serviceId: string) => table.touch(serviceId);
  const instances = new InstanceStore({ collection: collections.instances, board, clock, touched });
  const placement = new Placement({ services, instances, board, clusters, table, clock, log });
  const left = () => driver.roomier();
  const removal = new Removal({ instances, clusters, addresses, log, left });
  const reconciler = new Reconciler({ services, instances, board, placement, removal, table, log });
  const driver = new Driver({ instances, board, placement, removal, reconciler, clock, log });
  const subnets = new Subnets(claims);
  const lookup = new Lookup({ services, claims });
  const deadAfter = 2 * keepalive + KEEPALIVE_SLACK;
  return { clusters, addresses, subnets, table, driver, lookup, clock, log, deadAfter };
}

/** A service that gives its addresses back exists no more: clusters are told, also when it never had an instance. */
function forgetting(addresses: Addresses, table: Table): Addresses {
  return {
    claimServiceIp: (owner, wish) => addresses.claimServiceIp(owner, wish),
    claimInstanceIp: owner => addresses.claimInstanceIp(owner),
    async release(owner, address) {
      await addresses.release(owner, address);
      const [kind, id] = owner.split('/');
      if (kind === 'service' && id !== undefined) table.removed(id);
    },
  };
}
