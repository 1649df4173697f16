import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Clock,
  type Document,
  type Logger,
  openSqlite,
  type Running,
  Seldom,
  type Store,
  startWith,
} from '@hedgerow/common';
import {
  type MetricRegistry,
  meteredStore,
  startMetrics,
  startStatusServer,
  statusPages,
} from '@hedgerow/common/metrics';
import type { NetManager } from '@hedgerow/protos';
import { type FollowDeps, followCluster } from './cluster/follow.ts';
import { describedBy, type Offer } from './cluster/offer.ts';
import {
  REGISTRATION,
  type RegistrationDeps,
  type RegistrationDocument,
  registerForEver,
  registrationIn,
} from './cluster/registration.ts';
import { completeConfig, type NodeConfig } from './config.ts';
import { readOut } from './metrics/read-out.ts';
import { workerReadiness } from './metrics/readiness.ts';
import { messageMeter } from './metrics/session.ts';
import { WORKER_METRICS } from './metrics/table.ts';
import { composeNode, type NodeParts } from './node.ts';
import { type MayWait, patientStore } from './patience.ts';
import { paceOf } from './profile.ts';
import { RESERVE_FILE, Reserve } from './reserve.ts';

export interface NodeDeps {
  clock: Clock;
  log: Logger;
  /** null = no overlay network: containers have loopback alone */
  net: NetManager | null;
  /** of the process, when it is more than a Node Engine; an own one when left out */
  metrics?: MetricRegistry;
}

export interface NodeHandle {
  /** of this worker, 24 hex digits */
  readonly id: string;
  /** Resolves when the worker is registered and connected for the first time. */
  readonly ready: Promise<void>;
}

/**
 * Starts a Node Engine. A worker that has been registered before works at once, with or without its cluster; one that
 * has not is started when the cluster has answered. Stopping it stops no container.
 * @throws SHIM_UNUSABLE, STORE_FAILED
 */
export function startNode(
  given: Partial<NodeConfig> & Pick<NodeConfig, 'cluster' | 'data'>,
  deps: NodeDeps,
): Promise<NodeHandle & Running> {
  const config = completeConfig(given);
  return startWith<NodeHandle>(async life => {
    life.add('process', stayAlive());
    const ending = new AbortController();
    const metrics = deps.metrics ?? startMetrics(life, deps);
    const store = await openPatient(config, deps, metrics);
    life.add('store', () => store.close());
    const shown = await showStatus(config, { ...deps, store, metrics });
    life.add('status pages', shown.stop);
    const offer = describedBy(config, deps.net);
    const registration = registrationDeps(config, deps, store, offer);
    const known = await registration.store.get(REGISTRATION);
    const first = known ?? (await registerForEver(registration, ending.signal));
    const node = await composeNode(config, { ...deps, store, metrics }, first, ending.signal);
    life.add('engine', () => node.stop());
    shown.of(node, first);
    const ready = Promise.withResolvers<void>();
    const follow = followDeps(config, { ...deps, metrics }, node, ready.resolve);
    const following = followCluster(
      { ...follow, ...offer, registration, registered: known ? null : first },
      ending.signal,
    );
    life.add('cluster', () => {
      ending.abort();
      return following;
    });
    life.add('uplink', () => node.uplink.leave());
    return Object.defineProperty({ ready: ready.promise }, 'id', {
      get: () => node.workerId(),
      enumerable: true,
    }) as NodeHandle;
  });
}

type StatusDeps = NodeDeps & { store: Store; metrics: MetricRegistry };

/** From the beginning: a worker that waits for its cluster says so. */
async function showStatus(config: NodeConfig, deps: StatusDeps) {
  let node: NodeParts | null = null;
  deps.metrics.label({ worker: config.hostname });
  readOut(deps.metrics, () => node);
  const ready = workerReadiness({ ...deps, node: () => node });
  const pages = statusPages({ metrics: deps.metrics, ready });
  const server = await startStatusServer(config.statusListen, pages, deps.log);
  return {
    stop: () => server.stop(),
    of(parts: NodeParts, registration: RegistrationDocument) {
      node = parts;
      labelSeries(config, deps.metrics, registration);
    },
  };
}

function labelSeries(config: NodeConfig, metrics: MetricRegistry, registration: RegistrationDocument): void {
  metrics.label({ worker: config.hostname, cluster: registration.cluster_name });
}

/** What became of an instance may wait for room on the disk; another order for it may not. */
const MAY_WAIT = {
  desired: ((before, next) => JSON.stringify(before.deploy) === JSON.stringify(next.deploy)) as MayWait<
    Document & { deploy: unknown }
  >,
};

/** Timers do not keep a process alive, and there may be no socket yet. */
function stayAlive(): () => void {
  const timer = setInterval(() => {}, 2 ** 30);
  return () => clearInterval(timer);
}

function openPatient({ data }: NodeConfig, deps: NodeDeps, metrics: MetricRegistry): Promise<Store> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const reserve = new Reserve(join(data, RESERVE_FILE), deps.log);
  const store = openSqlite({ file: join(data, 'node.sqlite'), durability: 'normal' });
  return patientStore(meteredStore(store, metrics), MAY_WAIT, { ...deps, reserve });
}

function registrationDeps(config: NodeConfig, deps: NodeDeps, store: Store, offer: Offer): RegistrationDeps {
  return {
    store: registrationIn(store),
    clock: deps.clock,
    log: deps.log,
    describe: offer.describe,
    cluster: { host: config.cluster, port: config.port },
    retry: paceOf(config).retry.register,
  };
}

function followDeps(
  config: NodeConfig,
  deps: NodeDeps & { metrics: MetricRegistry },
  node: NodeParts,
  ready: () => void,
): Omit<FollowDeps, 'registration' | 'registered'> {
  const { connects } = deps.metrics.open(WORKER_METRICS);
  const pace = paceOf(config);
  const seldom = new Seldom(deps.clock);
  return {
    clock: deps.clock,
    log: deps.log,
    uplink: node.uplink,
    messages: messageMeter(deps.metrics),
    cluster: config.cluster,
    beat: pace.beat,
    redial: pace.redial,
    retry: pace.retry.connect,
    onStrange: (why, fields) =>
      seldom.say(why, more => deps.log.warn({ ...fields, more }, `message ignored: ${why}`)),
    handlers: () => node.handlers(),
    onRegistered(answer) {
      labelSeries(config, deps.metrics, answer);
      return node.registered(answer);
    },
    onConnected: answer => {
      connects.add(1);
      deps.log.info(readyFields(config, answer), 'ready');
      ready();
    },
  };
}

function readyFields(config: NodeConfig, answer: RegistrationDocument): object {
  return {
    worker: answer.worker_id,
    cluster: `${config.cluster}:${config.port}`,
    cluster_name: answer.cluster_name,
    public_address: answer.public_address,
    subnet: answer.subnet,
  };
}
