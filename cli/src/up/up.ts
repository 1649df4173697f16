import { totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { Client } from '../api/client.ts';
import { memorySessions } from '../api/session.ts';
import { DEMO_IMAGE, ensureDemoImage } from '../docker/demo-image.ts';
import { isFree } from '../doctor/ports.ts';
import { ERRORS } from '../errors.ts';
import { type Engine, ensureEngine } from './engine.ts';
import {
  type Cluster,
  type FleetOptions,
  shareOf,
  startCluster,
  startRoot,
  startWorker,
  untilJoined,
} from './fleet.ts';
import { createMachines, type Machine } from './namespaces.ts';
import { nextSteps } from './next-steps.ts';
import { isDead, openRun, type Run, readRuns } from './run.ts';
import { duration, Steps } from './steps.ts';
import { tellStory, undeploy } from './story.ts';
import { type Part, supervise } from './supervise.ts';
import { sweep, tearDown } from './teardown.ts';
import { troubles } from './troubles.ts';

export interface UpOptions {
  /** show that it works, then remove everything and leave */
  check: boolean;
  workers: number;
  /** of the root; 0 = a free one */
  port: number;
  /** of the machine's Docker Engine; '' = start an own one */
  docker: string;
  logLevel: 'debug' | 'info';
  /** folder of runs; the default one when left out */
  runs?: string;
}

export interface UpDeps {
  say: (text: string) => void;
  /** Ctrl-C */
  signal: AbortSignal;
  /** null = containers and their network work here; else one line that says why not */
  without: string | null;
}

interface Fleet {
  url: string;
  engine: Engine | null;
  cluster: Cluster;
  /** their addresses */
  workers: readonly string[];
  /** its processes */
  parts: readonly Part[];
  steps: Steps;
}

/**
 * Brings a whole Hedgerow up on one machine, shows that it works, stays until `signal`, and removes it.
 * @throws UP_FAILED and what its steps throw, after everything has been removed
 */
export async function up(options: UpOptions, deps: UpDeps): Promise<void> {
  const begin = performance.now();
  const swept = await sweep(options.runs);
  if (swept.length > 0) deps.say(`removed what earlier runs left: ${swept.join(', ')}\n`);
  await checkPort(options);
  const run = openRun(options.runs);
  const failure = await untilOver(run, options, deps, begin).catch((error: unknown) => ({ error }));
  await removeAll(run, deps).catch((left: unknown) => {
    if (!failure) throw left;
    deps.say(`${messageOf(left)}\n`);
  });
  if (failure) throw failure.error;
}

/** Until Ctrl-C, the end of `--check`, or a failure; then nothing starts anything any more. */
async function untilOver(run: Run, options: UpOptions, deps: UpDeps, begin: number): Promise<void> {
  const shown = show(run, options, deps, begin);
  const over = new AbortController();
  try {
    await Promise.race([shown, aborted(AbortSignal.any([deps.signal, over.signal]))]);
    deps.signal.throwIfAborted();
  } catch (error) {
    // A step that is under way may be starting something: what it starts is to be removed as well.
    await Promise.race([shown.catch(() => {}), delay(3000)]);
    if (!deps.signal.aborted) throw error;
    if (options.check) throw new HedgerowError(ERRORS.UP_FAILED, 'interrupted');
  } finally {
    over.abort();
  }
}

async function show(run: Run, options: UpOptions, deps: UpDeps, begin: number): Promise<void> {
  const parts = await bring(run, options, deps, begin).catch((error: unknown) => {
    if (!deps.signal.aborted) deps.say(troubles(run));
    throw error;
  });
  if (!options.check) await supervise(parts, deps);
}

/** @returns the processes that are to stay */
async function bring(run: Run, options: UpOptions, deps: UpDeps, begin: number): Promise<readonly Part[]> {
  const steps = new Steps(deps.say, deps.signal);
  const fleet = await start(run, options, steps, deps.without);
  const client = new Client(fleet.url, memorySessions());
  const story = fleet.engine && { client, steps, socket: fleet.engine.socket };
  const told = story && (await tellStory(story));
  if (told) deps.say(`\n${told.table}\n`);
  deps.say(`Hedgerow is up after ${duration(performance.now() - begin)}.`);
  if (options.check) {
    deps.say('\n');
    if (story && told) await undeploy(story, told);
    return [];
  }
  deps.say(
    ` Ctrl-C removes everything.\n\n${nextSteps({ ...fleet, run, told, socket: fleet.engine?.socket ?? '' })}`,
  );
  return fleet.parts;
}

/** Root and cluster on one side, engine and image on the other: neither needs the other. */
async function start(run: Run, options: UpOptions, steps: Steps, without: string | null): Promise<Fleet> {
  const share = shareOf(options.workers, Math.floor(totalmem() / 2 ** 20));
  const settings: FleetOptions = { port: options.port, logLevel: options.logLevel, ...share };
  if (without !== null) {
    const control = await startControl(run, null, settings, steps);
    return { ...control, engine: null, workers: [], steps, parts: partsOf(control) };
  }
  const names = Array.from({ length: options.workers }, (_, at) => `worker${at + 1}`);
  const [first, ...others] = await steps.run(
    `network namespaces for cluster and ${options.workers} workers`,
    () => createMachines(run, ['cluster', ...names]),
  );
  const [control, engine] = await settleAll([
    startControl(run, first ?? null, settings, steps),
    startEngine(run, options, steps),
  ] as const);
  const workers = await startWorkers(run, { ...control, engine, machines: others, names }, settings, steps);
  const parts = [...partsOf(control), ...(engine.part ? [engine.part] : []), ...workers];
  return { ...control, engine, workers: others.map(({ address }) => address), steps, parts };
}

async function startControl(run: Run, machine: Machine | null, settings: FleetOptions, steps: Steps) {
  const root = await steps.run(
    'root started',
    () => startRoot(run, settings),
    ({ url }) => url,
  );
  const cluster = await steps.run(
    'cluster started',
    () => startCluster(run, root, machine, settings),
    ({ address }) => `${address}, dials ${root.socket.replace(`${run.dir}/`, '')}`,
  );
  return { root, cluster, url: root.url };
}

function partsOf({ root, cluster }: Pick<Place, 'root' | 'cluster'>): Part[] {
  return [root.child, cluster.child];
}

async function startEngine(run: Run, options: UpOptions, steps: Steps): Promise<Engine> {
  const engine = await steps.run(
    'Docker Engine',
    () => ensureEngine(run, options.docker),
    ({ version, own }) => `${version}, ${own ? 'started for this run' : 'the one of this machine'}`,
  );
  await steps.run(
    `image ${DEMO_IMAGE} from busybox`,
    async () => {
      const made = await ensureDemoImage(engine.socket);
      if (made && !engine.own) run.note({ images: [DEMO_IMAGE] });
      return made;
    },
    made => (made ? '' : 'there already'),
  );
  return engine;
}

interface Place extends Awaited<ReturnType<typeof startControl>> {
  engine: Engine;
  machines: readonly Machine[];
  names: readonly string[];
}

/** @returns their processes */
async function startWorkers(run: Run, place: Place, settings: FleetOptions, steps: Steps): Promise<Part[]> {
  const { cluster, engine } = place;
  const workers = await settleAll(
    place.machines.map((machine, at) =>
      steps.run(
        `${place.names[at]} joined`,
        () => startWorker(run, place.names[at] ?? '', { cluster, machine, engine }, settings),
        worker => `${worker.address}, subnet ${worker.child.ready.subnet}/26`,
      ),
    ),
  );
  await steps.run('root knows all workers', () => untilJoined(place.root, place.machines.length));
  return workers.map(({ child }) => child);
}

async function removeAll(run: Run, deps: UpDeps): Promise<void> {
  const steps = new Steps(deps.say, new AbortController().signal);
  await steps.run('containers, processes, namespaces and files removed', () => tearDown(run));
}

/** @throws UP_IMPOSSIBLE when somebody listens there */
export async function checkPort({ port, runs }: Pick<UpOptions, 'port' | 'runs'>): Promise<void> {
  if (port === 0 || (await isFree(port, 'tcp', '127.0.0.1'))) return;
  const message = `port ${port} of 127.0.0.1 is in use; stop what uses it (${usersOf(runs)}ss -lntp), or let a free one be taken: \`npm start -- --port 0\` or \`hedge up --port 0\``;
  throw new HedgerowError(ERRORS.UP_IMPOSSIBLE, message);
}

/** What listens there may be a run, dead or alive; with the command that ends it. */
function usersOf(runs?: string): string {
  const there = readRuns(runs);
  if (there.some(isDead)) return 'what a killed `hedge up` left: `hedge down`; else ';
  return there.length > 0 ? 'another `hedge up`: `hedge down --all`; else ' : '';
}

/** Like Promise.all, but waits for all of them to end before it fails: nothing goes on starting afterwards. */
async function settleAll<T extends readonly Promise<unknown>[]>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(promises);
  const failure = results.find(result => result.status === 'rejected');
  if (failure) throw failure.reason instanceof Error ? failure.reason : new Error(messageOf(failure.reason));
  return results.map(result => (result as PromiseFulfilledResult<unknown>).value) as never;
}

/** Keeps the process alive meanwhile, which a handler of signals does not. */
function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise(resolve => {
    const timer = setInterval(() => {}, 2 ** 30);
    const end = () => {
      clearInterval(timer);
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
  });
}
