import {
  type Clock,
  every,
  formatAddress,
  type Lifecycle,
  type Logger,
  messageOf,
  parseAddress,
  type Running,
  startWith,
} from '@hedgerow/common';
import {
  type MetricRegistry,
  meterLoop,
  readiness,
  type StatusPages,
  startMetrics,
  statusPages,
} from '@hedgerow/common/metrics';
import type { NetManager } from '@hedgerow/protos';
import { type NetConfig, RECONCILE_EVERY } from './config.ts';
import { createExec } from './exec/exec.ts';
import { Fitness } from './fitness.ts';
import { startHttp } from './http/server.ts';
import { Flows } from './kernel/conntrack.ts';
import { DataPath } from './kernel/datapath.ts';
import { Networks } from './kernel/networks.ts';
import { removePolicies } from './kernel/policies.ts';
import { tunnelTraffic } from './kernel/traffic.ts';
import { Manager } from './manager.ts';
import { meteredExec } from './metrics/exec.ts';
import { meterManager } from './metrics/manager.ts';
import { openStorage } from './storage.ts';
import { Sweep } from './sweep.ts';
import { Directory } from './table/directory.ts';

export interface NetDeps {
  clock: Clock;
  log: Logger;
  /** of the process, when it is more than a Net Manager; an own one when left out */
  metrics?: MetricRegistry;
}

export interface RunningNet extends Running {
  net: NetManager;
  /** where it listens; '' when it does not */
  address: string;
}

/**
 * Adopts what an earlier process left in this network namespace, mends it and serves. `stop()` leaves the data path
 * as it is: containers go on while the process is away. `teardown()` removes it.
 */
export function startNetManager(config: NetConfig, deps: NetDeps): Promise<RunningNet> {
  return startWith(async life => {
    const storage = openStorage(config.data, deps.log);
    life.add('store', () => storage.close());
    const metrics = deps.metrics ?? startMetrics(life, deps);
    const exec = meteredExec(createExec(deps.clock), metrics);
    const flows = new Flows(exec, deps.log);
    const path = new DataPath(exec, flows, storage, deps.log);
    const services = new Directory(await storage.services());
    const fitness = new Fitness(exec, deps.log);
    await fitness.look();
    await removePolicies(exec, deps.log);
    const sweep = new Sweep(deps.log);
    const networks = new Networks(exec, deps.clock, deps.log);
    const parts = { path, flows, storage, services, networks, fitness, sweep, log: deps.log };
    const manager = new Manager(await storage.state(), parts);
    life.add('requests', () => manager.idle());
    life.add(
      'metrics',
      meterManager(metrics, { snapshot: () => manager.snapshot(), traffic: tunnelTraffic, sweep }),
    );
    const comparison = compareWith(manager, metrics, deps);
    life.add('news of networks', () => networks.stop());
    const compare = () => {
      networks.watch(comparison.follow);
      return comparison.run();
    };
    await compare();
    repeat(life, config, deps, compare);
    const pages = statusPages({
      metrics,
      ready: readiness([() => unregistered(manager), comparison.problem, () => unfit(fitness)]),
    });
    const address = config.listen === '' ? '' : await serve(life, config.listen, manager, pages, deps.log);
    deps.log.info({ address, ...(await manager.status()) }, 'ready');
    return { net: manager as NetManager, address };
  });
}

interface Comparison {
  /** Never rejects: what cannot be mended now may be at the next one. */
  run(): Promise<void>;
  /** The same, when the machine's own networks have changed. */
  follow(): Promise<void>;
  /** why the last one failed; null when it did not */
  problem(): string | null;
}

function compareWith(manager: Manager, metrics: MetricRegistry, { clock, log }: NetDeps): Comparison {
  const loop = meterLoop(metrics, clock, 'kernel');
  let problem: string | null = null;
  const tell = async (compare: () => Promise<void>): Promise<void> => {
    try {
      await compare();
      problem = null;
    } catch (error) {
      problem = `the kernel could not be compared: ${messageOf(error)}`;
      log.error({ reason: messageOf(error) }, 'the kernel could not be compared');
    }
  };
  return {
    run: () => tell(() => loop(() => manager.reconcile())),
    follow: () => tell(() => manager.followNetworks()),
    problem: () => problem,
  };
}

function unregistered(manager: Manager): string | null {
  return manager.snapshot().registered ? null : 'no Node Engine has registered this worker';
}

function repeat(life: Lifecycle, config: NetConfig, { clock }: NetDeps, compare: () => Promise<void>): void {
  const period = config.reconcileEvery ?? RECONCILE_EVERY;
  if (period > 0) life.add('comparison', every(clock, period, compare));
}

function unfit(fitness: Fitness): string | null {
  return fitness.usable ? null : fitness.problems.join('. ');
}

async function serve(
  life: Lifecycle,
  listen: string,
  manager: Manager,
  pages: StatusPages,
  log: Logger,
): Promise<string> {
  const { address, stop } = await startHttp(parseAddress(listen, 6000), manager, pages, log);
  life.add('http', stop);
  return formatAddress(address);
}
