import type { Clock, Logger } from '@hedgerow/common';
import { STATUSES } from '@hedgerow/protos';
import Docker, { type ContainerInspectInfo } from 'dockerode';
import { ageOf } from '../../host/process-age.ts';
import { ageOfServer } from '../../host/server-age.ts';
import type { LogLine } from '../../logs/lines.ts';
import type {
  ContainerRequest,
  Executed,
  ImageFacts,
  Listed,
  LogOptions,
  Observed,
  Runtime,
  RuntimeListener,
} from '../runtime.ts';
import { OneCallAgent } from './agent.ts';
import { call, GONE } from './errors.ts';
import { EventStream } from './events.ts';
import { runExec } from './exec.ts';
import { Images } from './images.ts';
import { containerName, readLabels, setAsideName, workerFilter } from './labels.ts';
import { readLogs } from './logs.ts';
import { createOptions, type OptionsSettings } from './options.ts';
import { endedWithEngine } from './taken-along.ts';

export interface DockerRuntimeOptions extends OptionsSettings {
  /** path of the Engine's socket */
  socket: string;
  /** ms beside the stop grace that the Engine may be silent within one call; two minutes when left out */
  patience?: number;
  clock: Clock;
  log: Logger;
}

/** 304 = stopped already */
const STOPPED = [304, 404];
/** 409 = somebody is removing it */
const REMOVED = [404, 409];

/** A call that hangs, as they do when a container's shim is stuck, would otherwise keep its instance for ever. */
const PATIENCE = 120_000;
/**
 * ms without any progress until a pull counts as failed: all instances of the image share it. Half of what CREATING may
 * last, so that the worker says why and tries once more before the cluster places them elsewhere.
 */
const PULL_PATIENCE = STATUSES.CREATING.deadline === null ? 300_000 : STATUSES.CREATING.deadline / 2;

/** Containers on a Docker Engine, over its local socket. */
export class DockerRuntime implements Runtime {
  /** An SLA says `container` or `docker`. */
  readonly words = ['docker', 'container'];
  readonly #options: DockerRuntimeOptions;
  readonly #docker: Docker;
  /** events and followed logs: silent for as long as nothing happens */
  readonly #eventful: Docker;
  readonly #images: Images;
  #events: EventStream | null = null;
  /** epoch ms; null = not looked for since the Engine answers */
  #engineStarted: Promise<number | undefined> | null = null;

  constructor(options: DockerRuntimeOptions) {
    this.#options = options;
    const { socket: socketPath, stopGrace, patience = PATIENCE } = options;
    const local = { socketPath, agent: new OneCallAgent() };
    this.#docker = new Docker({ ...local, timeout: stopGrace * 1000 + patience });
    this.#eventful = new Docker(local);
    this.#images = new Images(this.#docker, new Docker({ socketPath, timeout: PULL_PATIENCE }));
  }

  nameOf(jobName: string, instanceNumber: number): string {
    return containerName(this.#options.workerId, jobName, instanceNumber);
  }

  available(): boolean {
    return this.#events?.connected ?? false;
  }

  watch(listener: RuntimeListener): void {
    const { workerId, clock, log } = this.#options;
    const up = () => {
      this.#engineStarted = null;
      listener.up();
    };
    this.#events = new EventStream(
      { docker: this.#eventful, workerId, clock, log },
      {
        up,
        away: why => listener.away(why),
        changed: (...which) => listener.changed(...which),
      },
    );
    this.#events.open();
  }

  async list(): Promise<Listed[]> {
    const { workerId } = this.#options;
    const filters = { label: [workerFilter(workerId)] };
    const found = await call(() => this.#docker.listContainers({ all: true, filters }));
    return (found ?? []).flatMap(({ Id, Labels }) => {
      const labels = readLabels(workerId, Labels);
      return labels ? [{ ...labels, container: Id }] : [];
    });
  }

  async inspect(name: string): Promise<Observed | null> {
    const facts = await call(() => this.#docker.getContainer(name).inspect(), GONE);
    const observed = facts && observe(this.#options.workerId, facts);
    if (!facts || observed?.state !== 'exited') return observed;
    return { ...observed, endedWithRuntime: endedWithEngine(facts.State, await this.#startOfEngine()) };
  }

  #startOfEngine(): Promise<number | undefined> {
    const { clock, socket } = this.#options;
    this.#engineStarted ??= ageOfServer(socket).then(age => (age === undefined ? age : clock.now() - age));
    return this.#engineStarted;
  }

  image(reference: string, onPull: () => void): Promise<ImageFacts> {
    return this.#images.ensure(reference, onPull);
  }

  async create(request: ContainerRequest): Promise<string> {
    const options = createOptions(request, this.#options);
    const container = await call(() => this.#docker.createContainer(options));
    return container?.id ?? '';
  }

  async start(container: string): Promise<number> {
    await call(() => this.#docker.getContainer(container).start(), [304]);
    const facts = await call(() => this.#docker.getContainer(container).inspect(), GONE);
    return facts?.State.Pid ?? 0;
  }

  async stop(container: string): Promise<void> {
    await call(() => this.#docker.getContainer(container).stop({ t: this.#options.stopGrace }), STOPPED);
  }

  async setAside(container: string): Promise<void> {
    const name = setAsideName(container);
    await call(() => this.#docker.getContainer(container).rename({ name }), GONE);
  }

  async remove(container: string): Promise<void> {
    await call(() => this.#docker.getContainer(container).remove({ force: true, v: true }), REMOVED);
  }

  exec(container: string, command: readonly string[], signal: AbortSignal): Promise<Executed> {
    const { clock } = this.#options;
    return runExec({ docker: this.#eventful, clock }, container, command, signal);
  }

  logs(container: string, options: LogOptions): AsyncIterable<LogLine> {
    const { clock } = this.#options;
    return readLogs({ docker: options.follow ? this.#eventful : this.#docker, clock }, container, options);
  }

  close(): void {
    this.#events?.close();
  }
}

/** @returns null when it is not a container of this worker */
function observe(workerId: string, facts: ContainerInspectInfo): Observed | null {
  const labels = readLabels(workerId, facts.Config.Labels);
  if (!labels) return null;
  const { State } = facts;
  const age = State.Running ? ageOf(State.Pid) : undefined;
  return {
    ...labels,
    ...(age === undefined ? {} : { age }),
    container: facts.Id,
    name: facts.Name.replace(/^\//, ''),
    state: State.Running ? 'running' : State.Status === 'created' ? 'created' : 'exited',
    pid: State.Pid,
    exitCode: State.ExitCode,
    outOfMemory: State.OOMKilled,
  };
}
