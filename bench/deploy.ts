/** What a deploy costs over what the Docker Engine alone needs to start the same program. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchContext } from './support/bench.ts';
import { type Deployment, deployInstance, deployRaw } from './support/deployment.ts';
import { BENCH_IMAGE } from './support/docker/image.ts';
import { SERVER, SLEEPER } from './support/docker/program.ts';
import { EngineWatch } from './support/docker/watch.ts';
import type { Measured } from './support/figure.ts';
import { deployUntilAnswer, openKnocker } from './support/first-answer.ts';
import type { Fleet } from './support/fleet/fleet.ts';
import { startFleet } from './support/fleet/start.ts';
import { microservice } from './support/sla.ts';
import { describe, interleave, median, pairRatios } from './support/stats.ts';
import { waitUntil } from './support/wait.ts';

const LIMITS = { memory: 64, vcpus: 1 };
const PAIRS = 20;
const ANSWERS = 10;
/** between two starts: removal of the one before is still being reported */
const SETTLE_MS = 250;

export const deploy: Bench = {
  name: 'deploy',
  about: 'POST of an instance to its program running, over the raw Docker API; RUNNING seen; first answer',
  measure,
};

async function measure(context: BenchContext): Promise<Measured[]> {
  const fleet = await startFleet(context);
  const watch = await EngineWatch.open(context.life, fleet.docker);
  const ids = await createServices(fleet);
  const spec = { image: BENCH_IMAGE, cmd: SLEEPER, ...LIMITS };
  const arms = {
    raw: () => settled(deployRaw(fleet.docker, watch, spec)),
    ours: () => settled(deployInstance(fleet, watch, ids.sleeper)),
  };
  context.say('one start of each first, not counted');
  await interleave(1, arms);
  const pairs = context.rounds(PAIRS);
  context.say(`${pairs} pairs`);
  const { raw, ours } = await interleave(pairs, arms);
  assertNetworkReady(ours);
  const answers = await measureAnswers(context, fleet, watch, ids);
  return [...ratioFigures(raw, ours), ...phaseFigures(raw, ours), answerFigure(raw, answers)];
}

interface Ids {
  sleeper: string;
  server: string;
  client: string;
}

async function createServices(fleet: Fleet): Promise<Ids> {
  const [near, far] = fleet.workers.map(worker => ({ worker: worker.name, cluster: fleet.clusterName }));
  const services = await fleet.api.createApplication('deploy', [
    microservice({ name: 'sleeper', cmd: SLEEPER, ...LIMITS, ...near }),
    microservice({ name: 'server', cmd: SERVER, ...LIMITS, ...near }),
    microservice({ name: 'client', cmd: SLEEPER, memory: 32, vcpus: 0, ...far }),
  ]);
  const id = (name: string): string => services.get(name) as string;
  return { sleeper: id('sleeper'), server: id('server'), client: id('client') };
}

async function measureAnswers(
  context: BenchContext,
  fleet: Fleet,
  watch: EngineWatch,
  ids: Ids,
): Promise<number[]> {
  const count = context.rounds(ANSWERS);
  context.say(`${count} starts until the service IP answers on the other worker`);
  watch.forget();
  await fleet.api.createInstance(ids.client);
  const { containerId } = await watch.next('start');
  await waitUntil('client RUNNING', 20_000, 50, async () => {
    const { instance_list } = await fleet.api.service(ids.client);
    return instance_list[0]?.status === 'RUNNING';
  });
  const knocker = openKnocker(context.life, await fleet.docker.pid(containerId), 80);
  const arm = { ours: () => settled(deployUntilAnswer(fleet, watch, ids.server, knocker)) };
  await interleave(1, arm);
  return (await interleave(count, arm)).ours;
}

function ratioFigures(raw: Deployment[], ours: Deployment[]): Measured[] {
  const programs = (arm: Deployment[]): number[] => arm.map(d => d.program);
  const ratios = pairRatios(programs(ours), programs(raw));
  const lag = ours.map(d => d.running - d.program);
  const against = `raw create + start, network none: ${median(programs(raw)).toFixed(0)} ms`;
  return [
    {
      figure: 'POST → program running, ratio',
      value: median(programs(ours)) / median(programs(raw)),
      unit: '×',
      against,
      goal: 1.3,
      method: `interleaved pairs, one Engine, same image and limits; ours ms ${describe(programs(ours))}, raw ms ${describe(programs(raw))}, pair ratios ${describe(ratios, 2)}; the program prints its clock first`,
    },
    {
      figure: 'program running → RUNNING at the API',
      value: median(lag),
      unit: 'ms',
      goal: 30,
      method: `GET every 2 ms from the container's start on; ${describe(lag)}`,
    },
  ];
}

/** Where the time goes; the raw arm's share of the same phase stands beside it. */
function phaseFigures(raw: Deployment[], ours: Deployment[]): Measured[] {
  const phases: [string, (d: Deployment) => number][] = [
    ['request → Engine has created', d => d.created],
    ['created → Engine has started', d => d.started - d.created],
    ['started → first instruction', d => d.program - d.started],
  ];
  const figures = phases.map(([figure, of]) => ({
    figure,
    value: median(ours.map(of)),
    unit: 'ms',
    against: `raw ${median(raw.map(of)).toFixed(1)} ms`,
    method:
      'medians of the same pairs, by the Engine’s events; an Engine reports a start after the program began',
  }));
  const answered = ours.map(d => d.answered);
  return [
    { figure: 'POST answered', value: median(answered), unit: 'ms', method: describe(answered) },
    ...figures,
  ];
}

function answerFigure(raw: Deployment[], answers: number[]): Measured {
  return {
    figure: 'POST → first answer through the service IP',
    value: median(answers),
    unit: 'ms',
    against: `raw start without network: ${median(raw.map(d => d.program)).toFixed(0)} ms`,
    method: `a client container on the other worker knocks every 4 ms; ${describe(answers)}`,
  };
}

/** @throws when a program began without its network: then the ratio would not mean what it says */
function assertNetworkReady(deployments: Deployment[]): void {
  const without = deployments.filter(d => !d.networkReady).length;
  if (without > 0) throw new Error(`${without} of ${deployments.length} programs began without a network`);
}

async function settled<T>(work: Promise<T>): Promise<T> {
  const result = await work;
  await delay(SETTLE_MS);
  return result;
}
