/** One deploy, watched from outside: by the API, by the Engine's events, by what the program itself says. */
import type { DockerEngine } from './docker/engine.ts';
import { type ProgramStart, parseStart } from './docker/program.ts';
import type { EngineWatch } from './docker/watch.ts';
import type { Fleet } from './fleet/fleet.ts';
import { waitUntil } from './wait.ts';
import { tieToWallClock } from './wall-clock.ts';

/** ms after the request was sent. */
export interface Deployment {
  /** the request was answered */
  answered: number;
  /** the Engine had created, and started, the container */
  created: number;
  started: number;
  /** the program's first instruction */
  program: number;
  networkReady: boolean;
  /** RUNNING could be read at the API; NaN in the raw arm */
  running: number;
}

const POLL_MS = 2;
const LIMIT_MS = 20_000;

/** From the API's POST. Polling begins when the container has started, so that it does not slow what is measured. */
export async function deployInstance(
  fleet: Fleet,
  watch: EngineWatch,
  serviceId: string,
): Promise<Deployment> {
  const { api, docker } = fleet;
  watch.forget();
  const clock = tieToWallClock();
  const begin = clock.now();
  const number = await api.createInstance(serviceId);
  const answered = clock.now();
  const started = await watch.next('start');
  await waitUntil('status RUNNING', LIMIT_MS, POLL_MS, async () => isRunning(fleet, serviceId, number));
  const running = clock.now();
  const created = await watch.next('create', started.containerId);
  const program = await programStart(docker, started.containerId);
  await api.removeInstance(serviceId, number);
  await watch.next('destroy', started.containerId);
  await waitUntil('instance gone', LIMIT_MS, 20, async () => !(await statusOf(fleet, serviceId, number)));
  const times = { answered, created: created.at, started: started.at, program: program.at, running };
  return { ...since(begin, times), networkReady: program.networkReady };
}

/** From the request to create, through the same program, without us. */
export async function deployRaw(
  docker: DockerEngine,
  watch: EngineWatch,
  spec: { image: string; cmd: string[]; memory: number; vcpus: number },
): Promise<Deployment> {
  watch.forget();
  const clock = tieToWallClock();
  const begin = clock.now();
  const id = await docker.create(spec);
  const answered = clock.now();
  await docker.start(id);
  const [created, started] = [await watch.next('create', id), await watch.next('start', id)];
  const program = await programStart(docker, id);
  await docker.remove(id);
  await watch.next('destroy', id);
  const times = {
    answered,
    created: created.at,
    started: started.at,
    program: program.at,
    running: Number.NaN,
  };
  return { ...since(begin, times), networkReady: program.networkReady };
}

export async function isRunning(fleet: Fleet, serviceId: string, number: number): Promise<boolean> {
  const status = await statusOf(fleet, serviceId, number);
  if (status?.status === 'FAILED' || status?.status === 'DEAD') {
    throw new Error(`instance ${number} is ${status.status}: ${status.detail}`);
  }
  return status?.status === 'RUNNING';
}

async function statusOf(
  fleet: Fleet,
  serviceId: string,
  number: number,
): Promise<{ status: string; detail: string } | null> {
  const service = await fleet.api.service(serviceId);
  const instance = service.instance_list.find(i => i.instance_number === number);
  return instance ? { status: instance.status, detail: instance.status_detail } : null;
}

function programStart(docker: DockerEngine, id: string): Promise<ProgramStart> {
  return waitUntil('the program’s first line', LIMIT_MS, 10, async () => parseStart(await docker.output(id)));
}

function since<K extends string>(begin: number, times: Record<K, number>): Record<K, number> {
  const entries = Object.entries<number>(times).map(([name, at]) => [name, at - begin]);
  return Object.fromEntries(entries) as Record<K, number>;
}
