import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  Client,
  type Cluster,
  containerOf,
  createMachines,
  type Engine,
  endProcess,
  ensureDemoImage,
  ensureEngine,
  exec,
  execIn,
  type FleetOptions,
  type FleetWorker,
  identify,
  type Machine,
  memorySessions,
  openRun,
  type Root,
  type Run,
  request,
  type ServiceAnswer,
  startCluster,
  startRoot,
  startWorker,
  sweep,
  tearDown,
  untilJoined,
} from '@hedgerow/cli';
import type { ApiInstance, ApiService } from '@hedgerow/protos';

export interface TestFleetOptions extends Partial<FleetOptions> {
  /** how many; 2 when left out */
  workers?: number;
  /** Names of more machines, with nothing on them. */
  machines?: readonly string[];
  /** socket of a Docker Engine; an own one when left out */
  docker?: string;
  /** Runs when the machines are there and nothing else; may give more options (a broker, an Engine in a namespace). */
  prepare?: (run: Run, machines: Readonly<Record<string, Machine>>) => Promise<TestFleetOptions>;
}

const DEFAULTS: FleetOptions = { port: 0, vcpus: 2, memory: 1024, logLevel: 'info', from: 'source' };

/**
 * A root, a cluster and workers as processes of their own, as `hedge up` starts them: from source, the root on a free
 * port of loopback, cluster and workers in network namespaces. Logged in as Admin.
 */
export async function startFleet(given: TestFleetOptions = {}): Promise<TestFleet> {
  await sweep();
  const run = openRun();
  try {
    const names = Array.from({ length: given.workers ?? 2 }, (_, at) => `worker${at + 1}`);
    const places = ['cluster', ...names, ...(given.machines ?? [])];
    const all = await createMachines(run, places);
    const named = Object.fromEntries(places.map((name, at) => [name, all[at] as Machine]));
    const options = { ...given, ...(await given.prepare?.(run, named)) };
    const settings = { ...DEFAULTS, ...options };
    const engine = await ensureEngine(run, options.docker ?? '');
    await ensureDemoImage(engine.socket);
    const root = await startRoot(run, settings);
    const cluster = await startCluster(run, root, named.cluster ?? null, settings);
    const fleet = new TestFleet({ run, engine, root, cluster, settings, machines: named });
    await Promise.all(names.map(name => fleet.startWorker(name)));
    await untilJoined(root, names.length);
    await fleet.client.login('Admin', 'Admin');
    return fleet;
  } catch (error) {
    await tearDown(run);
    throw error;
  }
}

interface Parts {
  run: Run;
  engine: Engine;
  root: Root;
  cluster: Cluster;
  settings: FleetOptions;
  machines: Readonly<Record<string, Machine>>;
}

export class TestFleet {
  readonly run: Run;
  readonly engine: Engine;
  readonly client: Client;
  readonly workers = new Map<string, FleetWorker>();
  readonly #parts: Parts;
  #root: Root;
  #cluster: Cluster;

  constructor(parts: Parts) {
    this.run = parts.run;
    this.engine = parts.engine;
    this.#parts = parts;
    this.#root = parts.root;
    this.#cluster = parts.cluster;
    this.client = new Client(parts.root.url, memorySessions());
  }

  get root(): Root {
    return this.#root;
  }

  get cluster(): Cluster {
    return this.#cluster;
  }

  worker(name: string): FleetWorker {
    const worker = this.workers.get(name);
    if (!worker) throw new Error(`there is no worker ${name}`);
    return worker;
  }

  machine(name: string): Machine {
    const machine = this.#parts.machines[name];
    if (!machine) throw new Error(`there is no machine ${name}`);
    return machine;
  }

  /** Also after `stopWorker`: the same data, so the same worker. @param cluster of another site than the first */
  async startWorker(name: string, cluster: Cluster = this.#cluster): Promise<FleetWorker> {
    const { run, engine, settings } = this.#parts;
    const worker = await startWorker(run, name, { cluster, machine: this.machine(name), engine }, settings);
    this.workers.set(name, worker);
    return worker;
  }

  /** The process only; what it runs stays. @param graceMs 0 = SIGKILL */
  async stopWorker(name: string, graceMs = 8000): Promise<void> {
    await endProcess(this.worker(name).child.id, graceMs);
  }

  async stopCluster(graceMs = 8000): Promise<void> {
    await endProcess(this.#cluster.child.id, graceMs);
  }

  async startCluster(): Promise<void> {
    const { run, settings } = this.#parts;
    const { namespace, address } = this.#cluster;
    const machine = namespace === undefined ? null : { namespace, address };
    this.#cluster = await startCluster(run, this.#root, machine, settings);
  }

  async stopRoot(graceMs = 8000): Promise<void> {
    await endProcess(this.#root.child.id, graceMs);
  }

  /** On the port that it had. */
  async startRoot(): Promise<void> {
    const { run, settings } = this.#parts;
    this.#root = await startRoot(run, { ...settings, port: Number(new URL(this.#root.url).port) });
  }

  /** The worker's cable at the switch: it can neither send nor hear. Its name is that of the machine. */
  async link(name: string, state: 'up' | 'down'): Promise<void> {
    const [net = ''] = this.run.record.namespaces;
    await exec('ip', ['-n', net, 'link', 'set', name, state]);
  }

  /** The Docker Engine that the fleet started, and its containerd, which ends with it. @param graceMs 0 = SIGKILL */
  async stopEngine(graceMs = 8000): Promise<void> {
    const engine = this.run.record.processes.findLast(({ name }) => name === 'dockerd');
    const file = this.#containerdFile;
    const containerd = identify(Number(readFileSync(file, 'utf8')));
    if (engine) await endProcess(engine, graceMs);
    if (containerd) await endProcess(containerd, graceMs);
    // where nobody waits for orphans, a killed one stays as a zombie, which dockerd would take for alive
    rmSync(file, { force: true });
  }

  /** On the data and the socket that it had. */
  async startEngine(): Promise<void> {
    const { engine } = this.run.record;
    await ensureEngine(this.run, '');
    this.run.note({ engine });
  }

  get #containerdFile(): string {
    return join(this.run.dir, 'docker/exec/containerd/containerd.pid');
  }

  containerOf(service: ApiService, instance: ApiInstance): Promise<string> {
    return containerOf(this.engine.socket, service, instance);
  }

  /** Runs a program in an instance's container. */
  async execIn(
    service: ApiService,
    instance: ApiInstance,
    ...command: string[]
  ): Promise<{ output: string; code: number }> {
    const { socket } = this.engine;
    return execIn(socket, await this.containerOf(service, instance), command);
  }

  /** Requests to a service from inside an instance, one after the other. */
  async request(
    from: { service: ApiService; instance: ApiInstance },
    url: string,
    count: number,
  ): Promise<ServiceAnswer[]> {
    const { socket } = this.engine;
    return request(socket, await this.containerOf(from.service, from.instance), url, count);
  }

  /** Removes everything, whatever state it is in. */
  stop(): Promise<void> {
    return tearDown(this.run);
  }
}
