/** What the product weighs and burns: as users run it, from the bundles, with the launcher's flags. */
import { setTimeout as delay } from 'node:timers/promises';
import { Lifecycle } from '@hedgerow/common';
import type { Bench, BenchContext } from './support/bench.ts';
import { SLEEPER } from './support/docker/program.ts';
import type { Measured } from './support/figure.ts';
import type { Fleet } from './support/fleet/fleet.ts';
import { startFleet } from './support/fleet/start.ts';
import { cpuMsOfTree, type Weight, weighTree } from './support/process.ts';
import { microservice } from './support/sla.ts';
import { waitUntil } from './support/wait.ts';

const IDLE_SECONDS = 120;
const CPU_SECONDS = 60;
const CONTAINERS = 20;
/** after the last start, before weighing */
const SETTLE_SECONDS = 20;

export const footprint: Bench = {
  name: 'footprint',
  about: 'PSS, private memory and CPU of root, cluster and worker, idle and with 20 containers',
  measure,
};

interface Reading extends Weight {
  cpuMsPerSecond: number;
}

type Readings = Record<string, Reading>;

async function measure(context: BenchContext): Promise<Measured[]> {
  const apart = await measureApart(context);
  const together = await measureTogether(context);
  const method = methodOf(context);
  const figures = [...workerFigures(apart), ...managerFigures(apart.idle, together)];
  return figures.map(figure => ({ ...figure, method }));
}

interface Apart {
  idle: Readings;
  loaded: Readings;
}

/** Root and cluster as two processes; each machine of the fleet has a copy of the runtime of its own. */
async function measureApart(context: BenchContext): Promise<Apart> {
  const life = new Lifecycle();
  context.life.add('fleet of two managers', () => life.stop());
  const fleet = await startFleet({ ...context, life }, { ownRuntimes: true });
  const idle = await readIdle(context, fleet);
  const [worker] = fleet.workers;
  const service = microservice({
    name: 'sleeper',
    cmd: SLEEPER,
    memory: 16,
    vcpus: 0,
    worker: worker?.name ?? '',
    cluster: fleet.clusterName,
  });
  const ids = await fleet.api.createApplication('footprint', [service]);
  const serviceId = ids.get('sleeper') as string;
  context.say(`${CONTAINERS} containers on ${worker?.name}`);
  for (let at = 0; at < CONTAINERS; at++) await fleet.api.createInstance(serviceId);
  await waitUntil('all RUNNING', 120_000, 100, async () => {
    const { instance_list } = await fleet.api.service(serviceId);
    return instance_list.length === CONTAINERS && instance_list.every(i => i.status === 'RUNNING');
  });
  await delay(SETTLE_SECONDS * 1000);
  const loaded = await read(fleet, context.rounds(CPU_SECONDS));
  await life.stop();
  return { idle, loaded };
}

async function measureTogether(context: BenchContext): Promise<Readings> {
  const fleet = await startFleet(context, { ownRuntimes: true, oneManager: true });
  return readIdle(context, fleet);
}

async function readIdle(context: BenchContext, fleet: Fleet): Promise<Readings> {
  const seconds = context.rounds(IDLE_SECONDS);
  context.say(`${seconds} s of idling`);
  await delay(seconds * 1000);
  return read(fleet, context.rounds(CPU_SECONDS));
}

/** Weighs first: nothing that the measurement does should be in the weight. */
async function read(fleet: Fleet, seconds: number): Promise<Readings> {
  const pids = Object.entries(fleet.processes);
  const weights = await Promise.all(pids.map(([, pid]) => weighTree(pid)));
  const before = await Promise.all(pids.map(([, pid]) => cpuMsOfTree(pid)));
  const begin = performance.now();
  await delay(seconds * 1000);
  const elapsed = (performance.now() - begin) / 1000;
  const after = await Promise.all(pids.map(([, pid]) => cpuMsOfTree(pid)));
  const readings = pids.map(([role], at) => {
    const cpuMsPerSecond = ((after[at] ?? Number.NaN) - (before[at] ?? Number.NaN)) / elapsed;
    return [role, { ...(weights[at] as Weight), cpuMsPerSecond }];
  });
  return Object.fromEntries(readings) as Readings;
}

function methodOf(context: BenchContext): string {
  const [idling, counted] = [context.rounds(IDLE_SECONDS), context.rounds(CPU_SECONDS)];
  return `PSS and anonymous memory (private heap) of smaps_rollup, children included, after ${idling} s of idling; CPU by schedstat over ${counted} s; bundles with the launcher's flags; each machine of the fleet runs a copy of the node binary of its own, so that PSS counts whole what a machine would not share with others`;
}

type Unexplained = Omit<Measured, 'method'>;

function workerFigures({ idle, loaded }: Apart): Unexplained[] {
  const [empty, full] = [idle['worker-0'] as Reading, loaded['worker-0'] as Reading];
  const perContainer = (full.pss - empty.pss) / CONTAINERS;
  return [
    weight('worker, idle: PSS', empty.pss, 80),
    weight('worker, idle: private heap', empty.anonymous, null),
    weight(`worker, ${CONTAINERS} containers: PSS`, full.pss, null),
    weight('worker, per container more', perContainer, 0.2),
    cpu('worker, idle: CPU', empty),
    cpu(`worker, ${CONTAINERS} containers: CPU`, full),
  ];
}

function managerFigures(apart: Readings, together: Readings): Unexplained[] {
  const [root, cluster] = [apart.root as Reading, apart.cluster as Reading];
  const one = together.manager as Reading;
  return [
    weight('root, idle: PSS', root.pss, null),
    weight('cluster, idle: PSS', cluster.pss, null),
    weight('root + cluster, two processes: PSS', root.pss + cluster.pss, 150),
    weight('root + cluster, two processes: private heap', root.anonymous + cluster.anonymous, null),
    weight('root + cluster, one process: PSS', one.pss, 110),
    cpu('root, idle: CPU', root),
    cpu('cluster, idle: CPU', cluster),
    cpu('root + cluster, one process: CPU', one),
  ];
}

function weight(figure: string, value: number, goal: number | null): Unexplained {
  return { figure, value, unit: 'MiB', goal };
}

function cpu(figure: string, reading: Reading): Unexplained {
  return { figure, value: reading.cpuMsPerSecond, unit: 'ms/s', goal: 3 };
}
