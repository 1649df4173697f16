/** How long a service does not answer when something is lost: a container, an engine, a link, a manager. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchContext } from './support/bench.ts';
import { deployRaw } from './support/deployment.ts';
import { BENCH_IMAGE } from './support/docker/image.ts';
import { SERVER, SLEEPER } from './support/docker/program.ts';
import { EngineWatch } from './support/docker/watch.ts';
import type { Measured } from './support/figure.ts';
import type { Fleet } from './support/fleet/fleet.ts';
import { setLink } from './support/fleet/lan.ts';
import { startFleet } from './support/fleet/start.ts';
import { containersOf, running, workerOf } from './support/instances.ts';
import { longestSilence, openProber, type Prober, unanswered, untilAnswered } from './support/prober.ts';
import { microservice } from './support/sla.ts';
import { describe, median } from './support/stats.ts';
import { swarmLinkCut } from './support/swarm/link-cut.ts';
import { waitUntil } from './support/wait.ts';

const LIMITS = { memory: 64, vcpus: 0 };
const PROBE_MS = 10;
const ROUNDS = 5;
const RAW_STARTS = 10;
/** ms of answers before and after a damage, so that the silence has two ends */
const QUIET_MS = 1500;
/** ms, the cluster's default */
const DEAD_AFTER_MS = 5000;
const LIMIT_MS = 60_000;

export const recovery: Bench = {
  name: 'recovery',
  about:
    'longest silence of a service when a container, an engine, a link or a manager is lost; Swarm beside it',
  measure,
};

interface Scene {
  context: BenchContext;
  fleet: Fleet;
  prober: Prober;
  /** ids of the services: one instance that is asked; two, of which one is lost */
  server: string;
  pair: string;
}

interface Damage {
  /** longest silence, ms */
  silence: number;
  lost: number;
  asked: number;
  /** containers that are not those from before */
  changed: number;
}

async function measure(context: BenchContext): Promise<Measured[]> {
  const fleet = await startFleet(context, { workers: 3 });
  const raw = await rawStarts(context, fleet);
  const scene = await openScene(context, fleet);
  const crash = await repeat(scene, 'a container is killed', killContainer, ROUNDS, renew);
  const cut = await repeat(scene, 'the link of a worker is cut', cutLink, 3);
  const kept = {
    'Node Engine killed': await repeat(scene, 'a Node Engine is killed', killEngine),
    'cluster restarted': await repeat(scene, 'the cluster is killed', s => killManager(s, 'cluster')),
    'root restarted': await repeat(scene, 'the root is killed', s => killManager(s, 'root')),
  };
  const both = await repeatPair(scene);
  const swarm = await swarmLinkCut(context, context.rounds(3));
  return [
    ...lossFigures(raw, crash, cut),
    ...Object.entries(kept).map(([what, damages]) => keptFigure(what, damages)),
    ...pairFigures(both, swarm),
  ];
}

async function rawStarts(context: BenchContext, fleet: Fleet): Promise<number> {
  const watch = await EngineWatch.open(context.life, fleet.docker);
  const starts: number[] = [];
  for (let at = 0; at < context.rounds(RAW_STARTS); at++) {
    starts.push(
      (await deployRaw(fleet.docker, watch, { image: BENCH_IMAGE, cmd: SERVER, ...LIMITS })).program,
    );
  }
  return median(starts);
}

/** The client has a worker of its own: it is never the one that is lost. */
async function openScene(context: BenchContext, fleet: Fleet): Promise<Scene> {
  const [first, second, third] = fleet.workers.map(({ name }) => name);
  const others = { worker: `${first};${second}`, cluster: fleet.clusterName };
  const services = await fleet.api.createApplication('recovery', [
    microservice({ name: 'server', cmd: SERVER, ...LIMITS, ...others }),
    microservice({ name: 'pair', cmd: SLEEPER, ...LIMITS }),
    microservice({
      ...{ name: 'client', cmd: SLEEPER, ...LIMITS },
      ...{ worker: third as string, cluster: fleet.clusterName },
    }),
  ]);
  const id = (name: string): string => services.get(name) as string;
  for (const name of ['server', 'client', 'pair', 'pair']) await fleet.api.createInstance(id(name));
  await Promise.all([
    running(fleet, id('server'), 1),
    running(fleet, id('client'), 1),
    running(fleet, id('pair'), 2),
  ]);
  const ends = { client: id('client'), server: id('server') };
  const prober = await openProber(context, fleet, ends, PROBE_MS);
  return { context, fleet, prober, server: id('server'), pair: id('pair') };
}

/** @param damage resolves when everything is as it was before @param prepare before each */
async function repeat(
  scene: Scene,
  what: string,
  damage: (scene: Scene) => Promise<void>,
  usual = ROUNDS,
  prepare: (scene: Scene) => Promise<void> = async () => {},
): Promise<Damage[]> {
  const rounds = scene.context.rounds(usual);
  scene.context.say(`${rounds} times: ${what}`);
  const damages: Damage[] = [];
  for (let at = 0; at < rounds; at++) {
    await prepare(scene);
    damages.push(await suffer(scene, damage));
  }
  return damages;
}

async function suffer(scene: Scene, damage: (scene: Scene) => Promise<void>): Promise<Damage> {
  const { fleet, prober, server } = scene;
  await untilAnswered(prober);
  const before = await containersOf(fleet, server);
  await prober.take();
  await delay(QUIET_MS);
  await damage(scene);
  await delay(QUIET_MS);
  const asked = await prober.take();
  const after = await containersOf(fleet, server);
  const changed = after.filter(id => !before.includes(id)).length;
  return { silence: longestSilence(asked), lost: unanswered(asked), asked: asked.length, changed };
}

/** Another instance, whose program has not ended before: one that ends again and again waits longer each time. */
async function renew({ fleet, server }: Scene): Promise<void> {
  const [instance] = await running(fleet, server, 1);
  await fleet.api.removeInstance(server, instance?.instance_number ?? 0);
  await waitUntil('no container', LIMIT_MS, 50, async () => (await containersOf(fleet, server)).length === 0);
  await fleet.api.createInstance(server);
  await running(fleet, server, 1);
}

async function killContainer({ fleet, server }: Scene): Promise<void> {
  const [container] = await containersOf(fleet, server);
  process.kill(await fleet.docker.pid(container as string), 'SIGKILL');
  await waitUntil('another container', LIMIT_MS, 20, async () => {
    const [now] = await containersOf(fleet, server);
    return now !== undefined && now !== container;
  });
  await running(fleet, server, 1);
}

async function killEngine({ fleet, server }: Scene): Promise<void> {
  const [instance] = await running(fleet, server, 1);
  const { name } = workerOf(fleet, instance as NonNullable<typeof instance>);
  await fleet.roles.kill(name);
  await delay(1000);
  await fleet.roles.restart(name);
  await delay(QUIET_MS);
  await running(fleet, server, 1);
}

async function killManager({ fleet, server }: Scene, name: string): Promise<void> {
  await fleet.roles.kill(name);
  await delay(3000);
  await fleet.roles.restart(name);
  await everyWorker(fleet);
  await running(fleet, server, 1);
}

async function cutLink({ fleet, server }: Scene): Promise<void> {
  const [instance] = await running(fleet, server, 1);
  const lost = instance as NonNullable<typeof instance>;
  await setLink(workerOf(fleet, lost), 'down');
  try {
    await waitUntil('another worker', LIMIT_MS, 20, async () => {
      const [now] = await running(fleet, server, 1);
      return now?.worker_id !== lost.worker_id;
    });
    await delay(QUIET_MS);
  } finally {
    await setLink(workerOf(fleet, lost), 'up');
    await everyWorker(fleet);
    await oneCopyOf(fleet, server, 1);
  }
}

interface Pair {
  /** ms until two instances run on workers that are there */
  replaced: number;
  /** ms from the return of the link until the old copy is gone */
  cleared: number;
}

async function repeatPair(scene: Scene): Promise<Pair[]> {
  const rounds = scene.context.rounds(3);
  scene.context.say(`${rounds} times: a worker with one of two replicas is cut off`);
  const pairs: Pair[] = [];
  for (let at = 0; at < rounds; at++) pairs.push(await cutOneOfTwo(scene));
  return pairs;
}

async function cutOneOfTwo({ fleet, pair }: Scene): Promise<Pair> {
  const [instance] = await running(fleet, pair, 2);
  const lost = workerOf(fleet, instance as NonNullable<typeof instance>);
  const begin = performance.now();
  await setLink(lost, 'down');
  let replaced = Number.NaN;
  try {
    await waitUntil('both replicas elsewhere', LIMIT_MS, 10, async () => {
      const instances = await running(fleet, pair, 2, 10);
      return instances.every(({ host_ip }) => host_ip !== lost.address);
    });
    replaced = performance.now() - begin;
  } finally {
    await setLink(lost, 'up');
  }
  const back = performance.now();
  await oneCopyOf(fleet, pair, 2);
  const cleared = performance.now() - back;
  await everyWorker(fleet);
  return { replaced, cleared };
}

async function everyWorker(fleet: Fleet): Promise<void> {
  await waitUntil('every worker is back', LIMIT_MS, 50, async () => {
    const [cluster] = await fleet.api.clusters().catch(() => []);
    return cluster?.active_nodes === fleet.workers.length;
  });
}

/** What was replaced has been removed. */
async function oneCopyOf(fleet: Fleet, serviceId: string, count: number): Promise<void> {
  await waitUntil('one copy of each', LIMIT_MS, 20, async () => {
    return (await containersOf(fleet, serviceId)).length === count;
  });
}

function lossFigures(raw: number, crash: Damage[], cut: Damage[]): Measured[] {
  const silence = (damages: Damage[]): number[] => damages.map(d => d.silence);
  const asked = `a request every ${PROBE_MS} ms from a container on a third worker; last good answer to the next`;
  const floor = DEAD_AFTER_MS + raw;
  return [
    {
      figure: 'container killed: silence',
      value: median(silence(crash)) / 1000,
      unit: 's',
      goal: 0.35,
      against: `raw container start ${raw.toFixed(0)} ms`,
      method: `${asked}; ms ${describe(silence(crash))}; ${(median(silence(crash)) / raw).toFixed(2)} × a raw start`,
    },
    {
      figure: 'link of a worker cut: silence over dead-after + raw start',
      value: median(silence(cut)) / floor,
      unit: '×',
      goal: 1.2,
      against: `${DEAD_AFTER_MS / 1000} s + ${raw.toFixed(0)} ms`,
      method: `${asked}; ms ${describe(silence(cut))}`,
    },
  ];
}

function keptFigure(what: string, damages: Damage[]): Measured {
  const sum = (of: (d: Damage) => number): number => damages.reduce((all, d) => all + of(d), 0);
  return {
    figure: `${what}: requests lost, containers changed`,
    value: sum(d => d.lost) + sum(d => d.changed),
    unit: '',
    goal: 0,
    method: `${damages.length} times, ${sum(d => d.asked)} requests, ${sum(d => d.lost)} unanswered, ${sum(d => d.changed)} containers changed; longest silence ms ${describe(damages.map(d => d.silence))}`,
  };
}

function pairFigures(ours: Pair[], swarm: Pair[]): Measured[] {
  const [replaced, cleared] = [ours.map(p => p.replaced / 1000), ours.map(p => p.cleared / 1000)];
  const theirs = describe(
    swarm.map(p => p.replaced / 1000),
    2,
  );
  return [
    {
      figure: 'link cut: both replicas run elsewhere',
      value: median(replaced),
      unit: 's',
      goal: 6.5,
      against: `Swarm of the same Engine: s ${theirs}`,
      method: `link down until the API shows two RUNNING on other workers; s ${describe(replaced, 2)}`,
    },
    {
      figure: 'link back: the replaced copy is gone',
      value: median(cleared),
      unit: 's',
      against: `Swarm: s ${describe(
        swarm.map(p => p.cleared / 1000),
        2,
      )}`,
      method: `s ${describe(cleared, 2)}`,
    },
  ];
}
