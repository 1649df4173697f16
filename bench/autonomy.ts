/** What goes on while the managers are cut off, and what their return costs. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchContext } from './support/bench.ts';
import { SERVER, SLEEPER } from './support/docker/program.ts';
import type { Measured } from './support/figure.ts';
import type { Fleet } from './support/fleet/fleet.ts';
import { setLink } from './support/fleet/lan.ts';
import { startFleet } from './support/fleet/start.ts';
import { containersOf, running, workerOf } from './support/instances.ts';
import type { Tap } from './support/net/tap.ts';
import { type Asked, openProber, type Prober, unanswered, untilAnswered } from './support/prober.ts';
import { microservice } from './support/sla.ts';
import { waitUntil } from './support/wait.ts';

const LIMITS = { memory: 32, vcpus: 0 };
const SECONDS = 60;
/** beside the one that is asked: what a list would have to tell */
const SLEEPERS = 50;
const PROBE_MS = 20;
/** ms without a byte more than the aggregates take: both sides have said what they had to say */
const SETTLED_MS = 6000;
const LIMIT_MS = 120_000;
/** ms until first figures of usage have been told, and what was said shortly before a cut need not be said again */
const QUIET_MS = 40_000;

export const autonomy: Bench = {
  name: 'autonomy',
  about: 'requests answered while the root, then root and cluster are cut off; bytes to converge after it',
  measure,
};

async function measure(context: BenchContext): Promise<Measured[]> {
  const fleet = await startFleet(context, { tapped: true });
  const tap = fleet.tap as Tap;
  const { prober, server, sleeper } = await openScene(context, fleet);
  const seconds = context.rounds(SECONDS);
  const before = await fleet.docker.containers();
  context.say(`the root is cut off for ${seconds} s, then root and cluster`);
  await delay(QUIET_MS);
  await prober.take();
  tap.cut();
  await delay(seconds * 1000);
  const withoutRoot = await prober.take();
  const quiet = await bytesToHeal(fleet, tap);
  await prober.take();
  tap.cut();
  await setLink(fleet.clusterAt, 'down');
  await delay(seconds * 1000);
  const withoutBoth = await prober.take();
  await setLink(fleet.clusterAt, 'up');
  await running(fleet, server, 1);
  await clusterCounts(fleet, 2);
  await bytesToHeal(fleet, tap);
  const after = await fleet.docker.containers();
  const changed = after.filter(({ id }) => !before.some(container => container.id === id)).length;
  context.say('the same with every instance placed anew meanwhile: the whole list has to be told');
  const whole = await wholeState(fleet, tap, sleeper);
  return [
    answeredFigure('root cut off', withoutRoot, seconds),
    answeredFigure('root and cluster cut off', withoutBoth, seconds),
    changedFigure(changed),
    bytesFigure(quiet, whole),
  ];
}

interface Scene {
  prober: Prober;
  server: string;
  sleeper: string;
}

async function openScene(context: BenchContext, fleet: Fleet): Promise<Scene> {
  const [first, second] = fleet.workers.map(({ name }) => ({ worker: name, cluster: fleet.clusterName }));
  const services = await fleet.api.createApplication('autonomy', [
    microservice({ name: 'server', cmd: SERVER, ...LIMITS, ...first }),
    microservice({ name: 'client', cmd: SLEEPER, ...LIMITS, ...second }),
    microservice({ name: 'sleeper', cmd: SLEEPER, ...LIMITS }),
  ]);
  const [server, client, sleeper] = ['server', 'client', 'sleeper'].map(
    name => services.get(name) as string,
  ) as [string, string, string];
  context.say(`${SLEEPERS} instances that sleep, one that is asked`);
  for (const id of [server, client]) await fleet.api.createInstance(id);
  for (let at = 0; at < SLEEPERS; at++) await fleet.api.createInstance(sleeper);
  await Promise.all([
    running(fleet, server, 1),
    running(fleet, client, 1),
    running(fleet, sleeper, SLEEPERS),
  ]);
  const prober = await openProber(context, fleet, { client, server }, PROBE_MS);
  await untilAnswered(prober);
  return { prober, server, sleeper };
}

/** From the return of the link until only what is said anyhow is said. */
async function bytesToHeal({ api }: Fleet, tap: Tap): Promise<number> {
  const before = tap.bytes;
  tap.heal();
  await waitUntil('the cluster is back', LIMIT_MS, 20, async () => (await api.clusters())[0]?.active);
  await delay(SETTLED_MS);
  return tap.bytes - before;
}

/** One worker is lost while the root is cut off: its instances have another placement when the root hears of them. */
async function wholeState(fleet: Fleet, tap: Tap, sleeper: string): Promise<number> {
  const [instance] = await running(fleet, sleeper, SLEEPERS);
  const worker = workerOf(fleet, instance as NonNullable<typeof instance>);
  await delay(QUIET_MS);
  tap.cut();
  await setLink(worker, 'down');
  // dead after 5 s, then some 25 starts at 4 at a time
  await waitUntil('all sleepers elsewhere', LIMIT_MS, 500, async () => {
    const copies = await containersOf(fleet, sleeper);
    return copies.length >= SLEEPERS + SLEEPERS / 2 - 1;
  });
  const bytes = await bytesToHeal(fleet, tap);
  await setLink(worker, 'up');
  await waitUntil('one copy of each', LIMIT_MS, 200, async () => {
    const instances = (await fleet.api.service(sleeper)).instance_list;
    const copies = await containersOf(fleet, sleeper);
    return copies.length === SLEEPERS && instances.every(({ host_ip }) => host_ip !== worker.address);
  });
  return bytes;
}

async function clusterCounts({ api }: Fleet, workers: number): Promise<void> {
  await waitUntil('every worker counts', LIMIT_MS, 100, async () => {
    const [cluster] = await api.clusters();
    return !cluster?.active || cluster.active_nodes === workers;
  });
}

function answeredFigure(what: string, asked: readonly Asked[], seconds: number): Measured {
  const lost = unanswered(asked);
  return {
    figure: `${what}: requests answered over requests tried`,
    value: (asked.length - lost) / asked.length,
    unit: '',
    goal: 1,
    better: 'higher',
    method: `${asked.length} requests in ${seconds} s to a service IP on another worker, ${lost} unanswered`,
  };
}

function changedFigure(changed: number): Measured {
  return {
    figure: 'containers that the cuts changed',
    value: changed,
    unit: '',
    goal: 0,
    method: `of ${SLEEPERS + 2}, after root and cluster were back`,
  };
}

function bytesFigure(quiet: number, whole: number): Measured {
  return {
    figure: 'bytes to converge after healing over bytes of one full state',
    value: quiet / whole,
    unit: '×',
    goal: 0.1,
    method: `between cluster and root, both ways, until ${SETTLED_MS / 1000} s after it; ${SLEEPERS + 2} instances; nothing changed: ${quiet}; half of them placed anew, so that the whole list and the changed table are told: ${whole}`,
  };
}
