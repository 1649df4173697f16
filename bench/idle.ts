/** What a worker that does nothing sends and receives, and how soon a silent one is noticed all the same. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchContext } from './support/bench.ts';
import { SLEEPER } from './support/docker/program.ts';
import { inNetns, run } from './support/exec.ts';
import type { Measured } from './support/figure.ts';
import type { Fleet, FleetWorker } from './support/fleet/fleet.ts';
import { startFleet } from './support/fleet/start.ts';
import { countWire, type WireCount } from './support/net/wire-counter.ts';
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
  const counters = await Promise.all(
    fleet.workers.map(worker => countWire(context.life, worker.netns, worker.uplink)),
  );
  const seconds = context.rounds(SECONDS);
  context.say(`${QUIET_SECONDS} s to settle, then ${seconds} s of counting`);
  await delay(QUIET_SECONDS * 1000);
  const before = await Promise.all(counters.map(counter => counter.read()));
  const begin = performance.now();
  await delay(seconds * 1000);
  const after = await Promise.all(counters.map(counter => counter.read()));
  const elapsed = (performance.now() - begin) / 1000;
  const perWorker = after.map((count, at) => perSecond(before[at] as WireCount, count, elapsed));
  return [wireFigure(perWorker, elapsed), ...(await silenceFigures(context, fleet))];
}

interface Rate {
  bytes: number;
  out: number;
  packets: number;
}

function perSecond(before: WireCount, after: WireCount, seconds: number): Rate {
  const [arrived, left] = [after.inBytes - before.inBytes, after.outBytes - before.outBytes];
  return {
    bytes: (arrived + left) / seconds,
    out: left / seconds,
    packets: (after.packets - before.packets) / seconds,
  };
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
  const link = (state: string): Promise<string> =>
    run(inNetns(worker.netns, ['ip', 'link', 'set', worker.uplink, state]));
  const begin = performance.now();
  await link('down');
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
    await link('up');
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
  const worker = fleet.workers.find(w => w.address === instance.host_ip);
  if (!worker) throw new Error(`no worker of the fleet has the address ${instance.host_ip}`);
  return { workerId: instance.worker_id, worker };
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
