/** Everything that hangs on the worker's id: its containers, and its half of the overlay. */
import { join } from 'node:path';
import {
  backoff,
  type Clock,
  every,
  type Logger,
  messageOf,
  pause,
  type Running,
  type Store,
  startWith,
} from '@hedgerow/common';
import type { MetricRegistry } from '@hedgerow/common/metrics';
import type { JobPayload, LogChunk, NetManager, RegisterResponse } from '@hedgerow/protos';
import type { NodeConfig } from './config.ts';
import { probes } from './health/probes.ts';
import { Holds } from './hold/holds.ts';
import { Boots } from './host/boot.ts';
import { DesiredStore, keyOf } from './instances/desired.ts';
import { Instances } from './instances/instances.ts';
import { Outlet } from './logs/outlet.ts';
import { Readers } from './logs/readers.ts';
import { LogStreams } from './logs/streams.ts';
import { meteredRuntime } from './metrics/runtime.ts';
import { WORKER_METRICS } from './metrics/table.ts';
import { NetGateway } from './net/gateway.ts';
import { Withheld } from './net/withheld.ts';
import { DockerRuntime } from './runtimes/docker/docker-runtime.ts';
import type { Runtime } from './runtimes/runtime.ts';
import type { MachineUsage } from './usage/machine-usage.ts';

export interface EngineDeps {
  clock: Clock;
  log: Logger;
  net: NetManager | null;
  store: Store;
  metrics: MetricRegistry;
  /** @returns false when the cluster is away */
  publish: (report: JobPayload) => boolean;
  publishLogs: (chunk: LogChunk) => Promise<void> | null;
  /** what runs containers and holds their programs; the Docker Engine and FIFOs when left out */
  machine?: Machine;
}

export interface Machine {
  runtime(workerId: string): Runtime;
  holds: Pick<Holds, 'shim' | 'take' | 'release' | 'drop' | 'keep' | 'close'>;
  /** of the machine as a whole */
  usage: Pick<MachineUsage, 'changed'>;
}

export interface Engine {
  readonly workerId: string;
  readonly instances: Instances;
  readonly runtime: Pick<Runtime, 'available'>;
  readonly logs: LogStreams;
  /** null without an overlay */
  readonly gateway: NetGateway | null;
  /** A new registration of the same worker: its subnet or address may have changed. */
  registered(registration: RegisterResponse & { public_address: string }): void;
}

/**
 * Opens the runtime and begins to bring what is there to what is wanted; waiting for neither the Docker Engine nor the
 * Net Manager, which may come later.
 */
export function startEngine(
  config: NodeConfig,
  deps: EngineDeps,
  registration: RegisterResponse & { public_address: string },
): Promise<Engine & Running> {
  return startWith<Engine>(async life => {
    const { clock } = deps;
    const log = deps.log.child({ worker: registration.id, cluster: registration.cluster_name });
    const holds = deps.net ? (deps.machine?.holds ?? (await createHolds(config))) : null;
    if (holds) life.add('holds', () => holds.close());
    const withheld = await Withheld.load(deps.store, log);
    const gateway = deps.net ? new NetGateway(deps.net, { clock, log, withheld }) : null;
    if (gateway) life.add('net gateway', () => gateway.stop());
    const runtime =
      deps.machine?.runtime(registration.id) ??
      createRuntime(config, { ...deps, log }, registration.id, holds?.shim ?? config.shim);
    let { public_address: address, subnet } = registration;
    const readers = new Readers(clock);
    const boots = new Boots(deps.store);
    const instances = new Instances({
      ...deps,
      readers,
      log,
      runtime,
      workerId: registration.id,
      rebooted: await boots.isNew(),
      probe: probes({ runtime, clock }),
      random: Math.random,
      overlay: gateway && holds ? { gateway, holds } : null,
      desired: new DesiredStore(deps.store),
      publicAddress: () => address,
    });
    life.add('instances', () => instances.stop());
    const outlet = new Outlet({ publish: deps.publishLogs, clock });
    const logs = new LogStreams({ runtime, instances, readers, outlet, clock, log });
    life.add('logs', () => logs.stop());
    const registered: Engine['registered'] = next => {
      // the cluster gives none to a machine whose kernel cannot do it
      if (next.subnet !== '') gateway?.register(netRegistration(config, next));
      if (next.subnet !== subnet) instances.wireAgain(next.subnet_why);
      ({ public_address: address, subnet } = next);
    };
    registered(registration);
    await instances.load();
    const known = new Set(instances.all().map(({ key }) => key));
    withheld.keep(({ serviceName, instanceNumber }) => known.has(keyOf(serviceName, instanceNumber)));
    await firstLook({ runtime, instances, boots, clock, log });
    life.add('runtime', () => runtime.close());
    life.add('sweep', sweeps(instances, clock, log));
    life.add('leak metrics', showLeaks(instances, deps.metrics));
    return { workerId: registration.id, instances, runtime, logs, gateway, registered };
  });
}

function createHolds({ data, shim }: NodeConfig): Promise<Holds> {
  return Holds.create({ directory: join(data, 'hold'), shim });
}

function createRuntime(config: NodeConfig, deps: EngineDeps, workerId: string, shim: string): Runtime {
  const runtime = new DockerRuntime({
    workerId,
    shim,
    socket: config.docker,
    stopGrace: config.stopGrace,
    clock: deps.clock,
    log: deps.log,
  });
  return meteredRuntime(runtime, deps.metrics);
}

/** ms: how long the cluster's view waits for adoption, so that it does not see healthy instances as new ones. */
const ADOPTION = 5000;
const LOOK_AGAIN = { first: 1000, max: 60_000 };

interface Looking {
  runtime: Runtime;
  instances: Instances;
  boots: Boots;
  clock: Clock;
  log: Logger;
}

/**
 * Follows the runtime. Resolves when what it runs has been adopted, or after a while when it does not answer. What has to be
 * started is not waited for: its image may take minutes, and the cluster gives away what all others run after seconds.
 */
async function firstLook({ runtime, instances, boots, clock, log }: Looking): Promise<void> {
  const adoption = pause(clock, ADOPTION);
  const stop = instances.onChange(() => {
    if (!instances.isAdopting) adoption.end();
  });
  const look = async () => {
    await instances.resume();
    await instances.idle();
    adoption.end();
    await boots.note();
  };
  let cancelAgain = (): void => {};
  // as long as the Engine answers nothing else asks for another look
  const lookUntilDone = (attempt: number) => {
    cancelAgain();
    look().catch((error: unknown) => {
      log.warn({ attempt }, `not looked through: ${messageOf(error)}`);
      cancelAgain = clock.after(backoff(attempt, LOOK_AGAIN), () => lookUntilDone(attempt + 1));
    });
  };
  runtime.watch({
    up: () => {
      log.info({}, 'the Docker Engine answers');
      lookUntilDone(0);
    },
    away: why => {
      log.warn({}, `the Docker Engine is away: ${why}`);
      cancelAgain();
      adoption.end();
    },
    changed: (jobName, number) => instances.changed(jobName, number),
  });
  await adoption.over;
  stop();
}

/** ms */
const SWEEP = 5 * 60_000;

/** @returns ends it */
function sweeps(instances: Instances, clock: Clock, log: Logger): () => void {
  return every(
    clock,
    SWEEP,
    () => instances.sweep(),
    error => log.warn({}, `no sweep: ${messageOf(error)}`),
  );
}

/** @returns ends it */
function showLeaks(instances: Instances, registry: MetricRegistry): () => void {
  const { leaks } = registry.open(WORKER_METRICS);
  return registry.onScrape(() => {
    for (const [kind, count] of Object.entries(instances.leaks())) leaks.set(count, { kind });
  });
}

function netRegistration(config: NodeConfig, registration: RegisterResponse & { public_address: string }) {
  return {
    client_id: registration.id,
    subnet: registration.subnet,
    public_address: registration.public_address,
    tunnel_port: config.tunnelPort,
  };
}
