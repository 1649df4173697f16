/** Ten minutes of a busy machine and a bad link: does anybody take a living worker for dead? */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchContext } from './support/bench.ts';
import { SERVER, SLEEPER } from './support/docker/program.ts';
import { inNetns, run } from './support/exec.ts';
import type { Measured } from './support/figure.ts';
import type { Fleet, FleetWorker } from './support/fleet/fleet.ts';
import { startFleet } from './support/fleet/start.ts';
import { running } from './support/instances.ts';
import { openProber, unanswered } from './support/prober.ts';
import { microservice } from './support/sla.ts';

const SECONDS = 600;
const LOSS_PERCENT = 5;
const CORES = 2;
const PROBE_MS = 200;
const LIMITS = { memory: 32, vcpus: 0 };

export const steady: Bench = {
  name: 'steady',
  about: 'false deaths in ten minutes with both cores loaded and 5 % of the packets lost',
  measure,
};

async function measure(context: BenchContext): Promise<Measured[]> {
  const fleet = await startFleet(context);
  const { prober, services } = await openScene(context, fleet);
  const before = await fleet.docker.containers();
  for (const worker of fleet.workers) await losePackets(context, worker);
  for (let core = 0; core < CORES; core++) burn(context);
  const seconds = context.rounds(SECONDS);
  context.say(`${seconds} s with both cores loaded and ${LOSS_PERCENT} % of the packets lost, both ways`);
  await prober.take();
  await delay(seconds * 1000);
  const asked = await prober.take();
  const log = await fleet.roles.log('cluster');
  const deaths = log.split('\n').filter(line => line.includes('"msg":"worker is dead"')).length;
  const silences = log.split('\n').filter(line => line.includes('"msg":"worker is live"')).length;
  const after = await fleet.docker.containers();
  const changed = after.filter(({ id }) => !before.some(container => container.id === id)).length;
  const lost = unanswered(asked);
  return [
    {
      figure: 'false deaths under load and loss',
      value: deaths + changed,
      unit: '',
      goal: 0,
      method: `${seconds} s, ${CORES} busy loops, nft drops ${LOSS_PERCENT} % at random on each worker's link, each way; ${deaths} deaths, ${changed} containers changed (${services} services), ${silences} times live (2 joins among them); ${asked.length - lost} of ${asked.length} requests between the workers answered within 2 s`,
    },
  ];
}

async function openScene(context: BenchContext, fleet: Fleet) {
  const [first, second] = fleet.workers.map(({ name }) => ({ worker: name, cluster: fleet.clusterName }));
  const services = await fleet.api.createApplication('steady', [
    microservice({ name: 'server', cmd: SERVER, ...LIMITS, ...first }),
    microservice({ name: 'client', cmd: SLEEPER, ...LIMITS, ...second }),
  ]);
  for (const id of services.values()) await fleet.api.createInstance(id);
  for (const id of services.values()) await running(fleet, id, 1);
  const ends = { client: services.get('client') as string, server: services.get('server') as string };
  const prober = await openProber(context, fleet, ends, PROBE_MS);
  return { prober, services: services.size };
}

/** This kernel has no netem; a packet filter loses packets as well. */
async function losePackets({ life }: BenchContext, { netns, uplink }: FleetWorker): Promise<void> {
  const lose = `numgen random mod 100 < ${LOSS_PERCENT} drop`;
  const rules = `table inet hedgerow_loss {
    chain arriving { type filter hook prerouting priority -400; iifname "${uplink}" ${lose}; }
    chain leaving { type filter hook postrouting priority 400; oifname "${uplink}" ${lose}; }
  }`;
  await run(inNetns(netns, ['nft', rules]));
  life.add('loss', async () => void (await run(inNetns(netns, ['nft', 'delete table inet hedgerow_loss']))));
}

function burn({ life }: BenchContext): void {
  const loop = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  life.add('busy loop', () => void loop.kill('SIGKILL'));
}
