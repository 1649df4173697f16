/** How fast a hundred instances come up, over how fast the Docker Engine can start them at its best. */
import type { Bench, BenchContext } from './support/bench.ts';
import type { DockerEngine } from './support/docker/engine.ts';
import { BENCH_IMAGE } from './support/docker/image.ts';
import { SLEEPER } from './support/docker/program.ts';
import { EngineWatch } from './support/docker/watch.ts';
import type { Measured } from './support/figure.ts';
import type { Fleet } from './support/fleet/fleet.ts';
import { startFleet } from './support/fleet/start.ts';
import { cpuMsOfTree } from './support/process.ts';
import { microservice } from './support/sla.ts';
import { describe, interleave, median, pairRatios } from './support/stats.ts';
import { waitUntil } from './support/wait.ts';

const CONTAINERS = 100;
const LIMITS = { memory: 16, vcpus: 0 };
const AT_A_TIME = [1, 4, 8] as const;
const ROUNDS = 3;
/** requests under way at once */
const POSTERS = 4;
const LIMIT_MS = 180_000;

export const burst: Bench = {
  name: 'burst',
  about: '100 instances over 2 workers: containers/s over the best raw rate of the same Docker Engine',
  measure,
};

async function measure(context: BenchContext): Promise<Measured[]> {
  const fleet = await startFleet(context);
  const ids = await fleet.api.createApplication('burst', [
    microservice({ name: 'sleeper', cmd: SLEEPER, ...LIMITS }),
  ]);
  const serviceId = ids.get('sleeper') as string;
  const watch = await EngineWatch.open(context.life, fleet.docker);
  context.say(`which number of starts at a time suits the Engine best: ${AT_A_TIME.join(', ')}`);
  const tried: [number, number][] = [];
  for (const width of AT_A_TIME) tried.push([width, await rawRate(fleet.docker, width)]);
  const best = tried.reduce((a, b) => (b[1] > a[1] ? b : a));
  const rounds = context.rounds(ROUNDS);
  context.say(`${rounds} rounds against ${best[0]} at a time`);
  const { raw, ours } = await interleave(rounds, {
    raw: () => rawRate(fleet.docker, best[0]),
    ours: () => measureBurst(fleet, watch, serviceId),
  });
  return [...rateFigures(tried, best[0], raw, ours), ...costFigures(ours)];
}

interface Burst {
  /** containers per second */
  rate: number;
  /** ms of processor time per container, by role; programs that a role started included */
  cpu: Record<string, number>;
}

function rateFigures(tried: [number, number][], width: number, raw: number[], bursts: Burst[]): Measured[] {
  const ours = bursts.map(b => b.rate);
  const rates = tried.map(([at, rate]) => `${rate.toFixed(1)}/s at ${at}`).join(', ');
  const method = `${CONTAINERS} containers of one service on 2 workers of one Engine, first POST to last RUNNING, ${POSTERS} requests at a time, the API polled when the Engine has started the last; ours/s ${describe(ours, 2)}, raw/s ${describe(raw, 2)}, pair ratios ${describe(pairRatios(ours, raw), 2)}; raw tried: ${rates}`;
  return [
    {
      figure: 'burst rate, ratio',
      value: median(ours) / median(raw),
      unit: '×',
      against: `raw Engine, ${width} at a time: ${median(raw).toFixed(1)}/s`,
      goal: 0.85,
      better: 'higher',
      method,
    },
    { figure: 'burst rate', value: median(ours), unit: 'containers/s', better: 'higher', method },
  ];
}

/** What is left of the machine for the Engine is what our own processes do not take. */
function costFigures(bursts: Burst[]): Measured[] {
  const roles = Object.keys(bursts[0]?.cpu ?? {});
  return roles.map(role => {
    const costs = bursts.map(b => b.cpu[role] ?? Number.NaN);
    const method = `schedstat over the burst, programs that the role started included; ${role} ${describe(costs)}`;
    return { figure: `CPU of ${role} per container`, value: median(costs), unit: 'ms', method };
  });
}

/** The containers are removed afterwards, outside of the time. */
async function measureBurst(fleet: Fleet, watch: EngineWatch, serviceId: string): Promise<Burst> {
  const { api } = fleet;
  const before = await cpuByRole(fleet);
  watch.forget();
  const begin = performance.now();
  await spreadOver(POSTERS, CONTAINERS, async () => void (await api.createInstance(serviceId)));
  // asking the API before the Engine has started the last one would only take processor time from it
  await waitUntil('all started', LIMIT_MS, 10, async () => watch.count('start') >= CONTAINERS);
  await waitUntil('all RUNNING', LIMIT_MS, 10, async () => {
    const { instance_list } = await api.service(serviceId);
    return instance_list.length === CONTAINERS && instance_list.every(i => i.status === 'RUNNING');
  });
  const seconds = (performance.now() - begin) / 1000;
  const after = await cpuByRole(fleet);
  await api.removeInstance(serviceId, -1);
  await waitUntil('all gone', LIMIT_MS, 100, async () => {
    const { instance_list } = await api.service(serviceId);
    return instance_list.length === 0;
  });
  const cpu = Object.entries(after).map(([role, ms]) => [role, (ms - (before[role] ?? 0)) / CONTAINERS]);
  return { rate: CONTAINERS / seconds, cpu: Object.fromEntries(cpu) as Record<string, number> };
}

async function cpuByRole(fleet: Fleet): Promise<Record<string, number>> {
  const roles = Object.entries(fleet.processes).map(async ([role, pid]) => [role, await cpuMsOfTree(pid)]);
  return Object.fromEntries(await Promise.all(roles)) as Record<string, number>;
}

async function rawRate(docker: DockerEngine, width: number): Promise<number> {
  const ids: string[] = [];
  const begin = performance.now();
  await spreadOver(width, CONTAINERS, async () => {
    const id = await docker.create({ image: BENCH_IMAGE, cmd: SLEEPER, ...LIMITS });
    ids.push(id);
    await docker.start(id);
  });
  const seconds = (performance.now() - begin) / 1000;
  await spreadOver(4, ids.length, at => docker.remove(ids[at] as string));
  return CONTAINERS / seconds;
}

/** Does `work` `count` times, `width` at a time. */
async function spreadOver(width: number, count: number, work: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) await work(at);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
