import type { Server } from 'node:http';
import {
  type Clock,
  formatAddress,
  isLoopback,
  type Lifecycle,
  type Logger,
  listen,
  type Running,
  startWith,
} from '@hedgerow/common';
import { httpMeter, startMetrics, statusPages } from '@hedgerow/common/metrics';
import type { ClusterConfig } from './config.ts';
import type { Route } from './http/route.ts';
import { healthRoutes } from './http/routes/health.ts';
import { instanceRoutes } from './http/routes/instances.ts';
import { nodeRoutes } from './http/routes/nodes.ts';
import { statusRoutes } from './http/routes/status.ts';
import { workerRoutes } from './http/routes/workers.ts';
import { createHttpServer } from './http/server.ts';
import { type ClusterMeter, clusterMeter } from './metrics/meter.ts';
import { readOut } from './metrics/read-out.ts';
import { clusterReadiness } from './metrics/readiness.ts';
import type { Broker, UpHandler } from './mqtt/broker.ts';
import { dispatch } from './mqtt/dispatch.ts';
import { startEmbeddedBroker } from './mqtt/embedded.ts';
import { buildParts, type Parts } from './parts.ts';
import type { Held } from './root/reserve.ts';
import { slot } from './slot.ts';
import { openState, type State } from './state.ts';
import { loadBrokerKey, loadJoinToken } from './workers/join-token.ts';
import type { Registration } from './workers/registration.ts';
import { sameSecret } from './workers/secrets.ts';

export interface ClusterDeps {
  clock: Clock;
  log: Logger;
}

export interface Cluster {
  /** of the HTTP server, `http://host:port` */
  url: string;
  /** of the broker that workers are told */
  mqttPort: number;
  /** join token of workers, also in `<data>/worker-token` */
  workerToken: string;
}

/**
 * Starts a Cluster Manager. It is ready when it listens; the root is dialed in the background, for ever.
 *
 * @throws when a port is taken or the store cannot be opened; nothing is left running then
 */
export function startCluster(config: ClusterConfig, given: ClusterDeps): Promise<Cluster & Running> {
  const deps = { ...given, log: given.log.child({ cluster: config.name }) };
  return startWith(async life => {
    const workerToken = await loadJoinToken(config.data);
    const meter = clusterMeter(startMetrics(life, deps));
    meter.registry.label({ cluster: config.name });
    const state = openState(config, deps, meter.registry);
    life.add('store', () => state.close());
    await state.load();
    const broker = slot<Broker>('the broker');
    const port = slot<number>('the HTTP server');
    const parts = buildParts({ config, deps, state, broker, port, meter });
    const onMessage: UpHandler = message => {
      meter.broker.heard(message);
      void dispatch(parts.up, message);
    };
    const { port: mqttPort } = broker.set(
      meter.broker.metered(
        await startBroker(config, deps, state, {
          onMessage,
          onConnected: id => parts.jobs.liveness.heard(id),
        }),
      ),
    );
    life.add('broker', () => broker.get().stop());
    life.add('timers', () => parts.stop());
    const routes = buildRoutes(config, deps, { state, parts, broker: broker.get(), workerToken, meter });
    const http = httpMeter({ registry: meter.registry, streams: new Set() });
    const address = await startHttp(life, createHttpServer(routes, http, deps.log), config);
    port.set(address.port);
    parts.link.start();
    life.add('link to the root', () => parts.link.stop());
    const url = `http://${formatAddress(address)}`;
    deps.log.info({ url, mqtt_port: mqttPort, root: config.root }, 'ready');
    return { url, mqttPort, workerToken };
  });
}

async function startBroker(
  config: ClusterConfig,
  deps: ClusterDeps,
  state: State,
  { onMessage, onConnected }: { onMessage: UpHandler; onConnected(workerId: string): void },
): Promise<Broker> {
  const log = deps.log.child({ part: 'broker' });
  if (config.mqttUrl !== '') {
    // a cluster with the embedded broker never loads the client
    const { startOutsideBroker } = await import('./mqtt/outside.ts');
    return startOutsideBroker({
      url: config.mqttUrl,
      user: config.mqttUser,
      password: config.mqttPassword,
      publicAddress: config.mqttPublicAddress,
      accounts: config.mqttAccounts,
      key: await loadBrokerKey(config.data),
      clusterName: config.name,
      workers: () => state.workers.all(),
      onMessage,
      clock: deps.clock,
      log,
    });
  }
  return startEmbeddedBroker({
    host: config.host,
    port: config.mqttPort,
    authenticate(workerId, secret) {
      const worker = state.workers.get(workerId);
      return worker !== undefined && sameSecret(secret, worker.secret_hash);
    },
    onMessage,
    onConnected,
    clock: deps.clock,
    log,
  });
}

interface HttpParts {
  state: State;
  parts: Parts;
  broker: Broker;
  workerToken: string;
  meter: ClusterMeter;
}

function buildRoutes(
  config: ClusterConfig,
  deps: ClusterDeps,
  { state, parts, broker, workerToken, meter }: HttpParts,
): Route[] {
  const registration: Registration = {
    workers: state.workers,
    serial: parts.jobs.serial,
    takeSubnet: record => parts.reserve.take(record),
    joinToken: workerToken,
    trusting: isLoopback(config.host),
    clusterName: config.name,
    clusterId: state.clusterId,
    broker,
    ...deps,
  };
  const roster = {
    ...parts.jobs,
    accounts: broker.accounts,
    giveBackSubnet: (held: Held) => parts.reserve.giveBack(held),
  };
  const clusterState = {
    clusterName: config.name,
    clusterId: state.clusterId,
    connectedToRoot: () => parts.link.connected,
  };
  const looked = {
    ...clusterState,
    clock: deps.clock,
    store: state,
    brokerReachable: () => broker.reachable(),
  };
  readOut(meter.registry, {
    ...looked,
    jobs: parts.jobs,
    restarts: meter.events.restarts,
    leaks: parts.leaks,
  });
  const ready = clusterReadiness(looked);
  const pages = statusPages({ metrics: meter.registry, ready, token: config.metricsToken ?? '' });
  return [
    ...nodeRoutes(registration),
    ...statusRoutes(clusterState),
    ...healthRoutes(pages),
    ...workerRoutes(roster, registration),
    ...instanceRoutes(parts.jobs, registration),
  ];
}

async function startHttp(
  life: Lifecycle,
  server: Server,
  { host, port }: ClusterConfig,
): Promise<{ host: string; port: number }> {
  const address = await listen(server, { host, port });
  life.add('http', () => {
    server.close();
    server.closeAllConnections();
  });
  return 'port' in address ? address : { host, port };
}
