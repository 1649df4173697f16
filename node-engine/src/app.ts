import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, type Logger, openSqlite, type Running, type Store, startWith } from '@hedgerow/common';
import type { JobPayload, NetManager, RegisterRequest } from '@hedgerow/protos';
import { followCluster } from './cluster/follow.ts';
import {
  REGISTRATION,
  type RegistrationDeps,
  type RegistrationDocument,
  registerForEver,
} from './cluster/registration.ts';
import { completeConfig, type NodeConfig } from './config.ts';
import { type Engine, startEngine } from './engine.ts';
import { architecture } from './host/architecture.ts';
import { cores } from './host/cpu.ts';
import { memory } from './host/memory.ts';
import { sourceAddress } from './host/source-address.ts';
import { Uplink } from './mqtt/uplink.ts';
import { removeContainers } from './remove-all.ts';
import { InstanceUsage } from './usage/instance-usage.ts';
import { MachineUsage } from './usage/machine-usage.ts';
import { reportUsage } from './usage/report.ts';

export interface NodeDeps {
  clock: Clock;
  log: Logger;
  /** null = no overlay network: containers have loopback alone */
  net: NetManager | null;
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
    const store = openStore(config);
    life.add('store', () => store.close());
    const registration = registrationDeps(config, deps, store);
    const known = await registration.store.get(REGISTRATION);
    const first = known ?? (await registerForEver(registration, ending.signal));
    const node = await composeNode(config, deps, store, first);
    life.add('engine', () => node.stop());
    const ready = Promise.withResolvers<void>();
    const following = followCluster(
      {
        ...deps,
        registration,
        registered: known ? null : first,
        onRegistered: answer => node.registered(answer),
        handlers: () => node.handlers(),
        uplink: node.uplink,
        cluster: config.cluster,
        beat: config.beat,
        onConnected: answer => {
          deps.log.info(readyFields(config, answer), 'ready');
          ready.resolve();
        },
      },
      ending.signal,
    );
    life.add('cluster', () => {
      ending.abort();
      return following;
    });
    life.add('uplink', () => node.uplink.leave());
    return {
      get id() {
        return node.engine().workerId;
      },
      ready: ready.promise,
    };
  });
}

/** Timers do not keep a process alive, and there may be no socket yet. */
function stayAlive(): () => void {
  const timer = setInterval(() => {}, 2 ** 30);
  return () => clearInterval(timer);
}

function openStore(config: NodeConfig): Store {
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  return openSqlite({ file: join(config.data, 'node.sqlite'), durability: 'normal' });
}

function registrationDeps(config: NodeConfig, deps: NodeDeps, store: Store): RegistrationDeps {
  return {
    store: store.collection<RegistrationDocument>('registration', []),
    clock: deps.clock,
    log: deps.log,
    describe: () => describe(config, deps),
    cluster: { host: config.cluster, port: config.port },
  };
}

async function describe(config: NodeConfig, deps: NodeDeps): Promise<Omit<RegisterRequest, 'id' | 'secret'>> {
  return {
    host: config.hostname,
    token: config.token,
    vcpus: config.vcpus || cores(),
    memory: config.memory || memory().total,
    architecture: architecture(),
    virtualization: ['docker', 'container'],
    public_address: config.publicAddress || (await sourceAddress(config.cluster, config.port)),
    tunnel_port: config.tunnelPort,
    overlay: deps.net !== null,
  };
}

/** The parts that live with the worker's id, made anew when a cluster gives it another one. */
async function composeNode(config: NodeConfig, deps: NodeDeps, store: Store, first: RegistrationDocument) {
  const publish = (report: JobPayload) => uplink.job(report);
  const start = (registration: RegistrationDocument) =>
    startEngine(config, { ...deps, store, publish }, { ...registration, id: registration.worker_id });
  const machine = new MachineUsage(config.vcpus || cores());
  const uplink: Uplink = new Uplink({
    ...deps,
    beat: config.beat,
    instances: () => engine.instances,
    information: () => machine.told(machine.now()),
  });
  let engine: Engine & Running = await start(first);
  const instances = new InstanceUsage({ cores: cores(), memory: memory().total });
  const stopUsage = reportUsage({
    ...deps,
    machine,
    instances,
    uplink,
    running: () => engine.instances.running(),
  });
  return {
    uplink,
    engine: () => engine,
    handlers: () => ({
      instances: engine.instances,
      gateway: engine.gateway,
      publishBeat: () => uplink.beat(),
      publishSync: () => uplink.sync(),
      log: deps.log,
    }),
    async registered(answer: RegistrationDocument): Promise<void> {
      if (answer.worker_id === engine.workerId) {
        return engine.registered({ ...answer, id: answer.worker_id });
      }
      deps.log.warn(
        { was: engine.workerId, is: answer.worker_id },
        'another worker id: what ran under the old one goes',
      );
      await engine.stop();
      await removeContainers(config, store, engine.workerId);
      engine = await start(answer);
    },
    async stop(): Promise<void> {
      stopUsage();
      await engine.stop();
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
