/** What a worker that does nothing sends and receives, and how soon a silent one is noticed all the same. */
import type { Bench, BenchContext } from './support/bench.ts';
import { SLEEPER } from './support/docker/program.ts';
import type { Measured } from './support/figure.ts';
import type { Fleet, FleetWorker } from './support/fleet/fleet.ts';
import { setLink } from './support/fleet/lan.ts';
import { startFleet } from './support/fleet/start.ts';
import { workerOf } from './support/instances.ts';
import { type Rate, wireRates } from './support/net/wire-rate.ts';
import { microservice } from './support/sla.ts';
import { describe, median } from './support/stats.ts';
import { waitUntil } from './support/wait.ts';

const SECONDS = 120;
const QUIET_SECONDS = 20;
const CUTS = 3;
const LIMIT_MS = 60_000;

export const idle: Bench = {
  name: 'idle',
  about: 'bytes on the wire per idle worker and second; time until a silent worker is found',
  measure,
};

async function measure(context: BenchContext): Promise<Measured[]> {
  const fleet = await startFleet(context);
  const counted = { quiet: QUIET_SECONDS, usual: SECONDS };
  const { rates, seconds } = await wireRates(context, fleet.workers, counted);
  return [wireFigure(rates, seconds), ...(await silenceFigures(context, fleet))];
}

function wireFigure(rates: Rate[], seconds: number): Measured {
  const each = rates.map(
    r => `${r.bytes.toFixed(1)} (${r.out.toFixed(1)} up, ${r.packets.toFixed(2)} packets/s)`,
  );
  return {
    figure: 'wire per idle worker',
    value: median(rates.map(r => r.bytes)),
    unit: 'bytes/s',
    goal: 75,
    method: `IP bytes both ways on the worker's uplink, nft counters over ${seconds.toFixed(0)} s, no instance; each worker: ${each.join(', ')}`,
  };
}

/** One instance; the worker that runs it loses its link; the cluster has noticed when the instance is on the other. */
async function silenceFigures(context: BenchContext, fleet: Fleet): Promise<Measured[]> {
  const service = microservice({ name: 'sleeper', cmd: SLEEPER, memory: 16, vcpus: 0 });
  const ids = await fleet.api.createApplication('idle', [service]);
  const serviceId = ids.get('sleeper') as string;
  await fleet.api.createInstance(serviceId);
  const cuts = Math.min(context.rounds(CUTS), CUTS);
  context.say(`${cuts} times: the link of a worker is cut`);
  const results: Silence[] = [];
  for (let at = 0; at < cuts; at++) results.push(await cutLink(fleet, serviceId));
  const [found, replaced] = [results.map(r => r.found), results.map(r => r.replaced)];
  return [
    {
      figure: 'silent worker found',
      value: median(found),
      unit: 's',
      goal: 5,
      method: `link of the worker set down until the API shows its instance on another worker; ${describe(found, 2)}`,
    },
    {
      figure: 'its instance runs elsewhere',
      value: median(replaced),
      unit: 's',
      method: `the same until RUNNING; ${describe(replaced, 2)}`,
    },
  ];
}

interface Silence {
  found: number;
  replaced: number;
}

async function cutLink(fleet: Fleet, serviceId: string): Promise<Silence> {
  const { workerId, worker } = await whereItRuns(fleet, serviceId);
  const begin = performance.now();
  await setLink(worker, 'down');
  try {
    const elsewhere = waitUntil('another worker', LIMIT_MS, 10, async () => {
      const id = (await instanceOf(fleet, serviceId)).worker_id;
      return id !== '' && id !== workerId;
    });
    await elsewhere;
    const found = (performance.now() - begin) / 1000;
    await whereItRuns(fleet, serviceId);
    return { found, replaced: (performance.now() - begin) / 1000 };
  } finally {
    await setLink(worker, 'up');
    await bothBack(fleet);
  }
}

async function whereItRuns(
  fleet: Fleet,
  serviceId: string,
): Promise<{ workerId: string; worker: FleetWorker }> {
  const instance = await waitUntil('status RUNNING', LIMIT_MS, 20, async () => {
    const current = await instanceOf(fleet, serviceId);
    return current.status === 'RUNNING' && current;
  });
  return { workerId: instance.worker_id, worker: workerOf(fleet, instance) };
}

async function instanceOf(fleet: Fleet, serviceId: string) {
  const [instance] = (await fleet.api.service(serviceId)).instance_list;
  if (!instance) throw new Error('the instance is gone');
  return instance;
}

/** The worker is counted again, and the copy that was replaced has been removed. */
async function bothBack(fleet: Fleet): Promise<void> {
  await waitUntil('both workers back', LIMIT_MS, 100, async () => {
    const [cluster] = await fleet.api.clusters();
    const containers = await fleet.docker.containers();
    return cluster?.active_nodes === fleet.workers.length && containers.length === 1;
  });
}
