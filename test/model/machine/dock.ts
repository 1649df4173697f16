/** What runs containers on a worker: the containers outlive the processes that made them. */
import { HedgerowError } from '@hedgerow/common';
import type { Random } from '@hedgerow/common/testing';
import {
  type ContainerRequest,
  ERRORS,
  type Machine,
  type Observed,
  type Runtime,
  type RuntimeListener,
} from '@hedgerow/node-engine/testing/parts';
import type { Process } from '../time/process.ts';
import type { Timeline } from '../time/timeline.ts';

/** What a program does when it is let go. */
export type Program = { kind: 'runs' } | { kind: 'ends'; after: number; exitCode: number };

export interface Container {
  id: string;
  workerId: string;
  request: ContainerRequest;
  state: 'created' | 'running' | 'exited';
  pid: number;
  exitCode: number;
  /** waits for its network */
  isHeld: boolean;
}

export interface DockParts {
  timeline: Timeline;
  random: Random;
  program(container: Container): Program;
  /** does its health check pass? */
  isWell(container: Container): boolean;
  /** the program of a container begins */
  began(container: Container): void;
  ended(container: Container): void;
}

/** beyond those of any real process */
const FIRST_PID = 10_000_000;
const KILLED = 137;
const TERMINATED = 143;

export class Dock {
  readonly containers = new Map<string, Container>();
  isUp = true;
  readonly #parts: DockParts;
  #listener: { process: Process; listener: RuntimeListener } | null = null;
  #ids = 0;

  constructor(parts: DockParts) {
    this.#parts = parts;
  }

  get random(): Random {
    return this.#parts.random;
  }

  isRunning(pid: number): boolean {
    return [...this.containers.values()].some(it => it.state === 'running' && it.pid === pid);
  }

  isWell(id: string): boolean {
    const container = this.containers.get(id);
    return container?.state === 'running' && this.#parts.isWell(container);
  }

  /** Programs that were let go and have not ended. */
  serving(): Container[] {
    return [...this.containers.values()].filter(({ state, isHeld }) => state === 'running' && !isHeld);
  }

  watch(process: Process, listener: RuntimeListener): void {
    this.#listener = { process, listener };
    process.after(1, () => {
      if (this.isUp) listener.up();
      else listener.away('it does not answer');
    });
  }

  create(workerId: string, request: ContainerRequest): Container {
    if (this.named(request.name)) throw failed(`the name ${request.name} is in use`);
    const id = `container-${++this.#ids}`;
    const container: Container = {
      ...{ id, workerId, request, state: 'created', pid: 0, exitCode: 0 },
      isHeld: request.hold !== null,
    };
    this.containers.set(id, container);
    return container;
  }

  start(id: string): number {
    const container = this.containers.get(id);
    if (!container) throw failed(`there is no container ${id}`);
    container.state = 'running';
    container.pid = FIRST_PID + ++this.#ids;
    if (!container.isHeld) this.#begin(container);
    return container.pid;
  }

  release(name: string): void {
    const container = this.named(name);
    if (!container?.isHeld || container.state !== 'running') return;
    container.isHeld = false;
    this.#begin(container);
  }

  named(name: string): Container | undefined {
    return [...this.containers.values()].find(({ request }) => request.name === name);
  }

  end(container: Container, exitCode: number): void {
    if (container.state !== 'running') return;
    container.state = 'exited';
    container.exitCode = exitCode;
    container.pid = 0;
    this.#parts.ended(container);
    this.#tell(container);
  }

  kill(container: Container): void {
    this.end(container, KILLED);
  }

  stop(container: Container): void {
    this.end(container, TERMINATED);
  }

  setAside(id: string): void {
    const container = this.containers.get(id);
    if (container) container.request = { ...container.request, name: id };
  }

  remove(id: string): void {
    const container = this.containers.get(id);
    if (!container) return;
    if (container.state === 'running') this.kill(container);
    this.containers.delete(id);
    this.#tell(container);
  }

  /** The daemon goes; what runs goes on running. */
  leave(): void {
    this.isUp = false;
    this.#listener?.process.enter(() => this.#listener?.listener.away('it does not answer'));
  }

  back(): void {
    this.isUp = true;
    this.#listener?.process.enter(() => this.#listener?.listener.up());
  }

  #begin(container: Container): void {
    this.#parts.began(container);
    const program = this.#parts.program(container);
    if (program.kind === 'runs') return;
    const { pid } = container;
    this.#parts.timeline.after(program.after, () => {
      if (container.pid === pid) this.end(container, program.exitCode);
    });
  }

  #tell({ request }: Container): void {
    const { deploy } = request;
    const told = this.#listener;
    if (!told || !this.isUp) return;
    this.#parts.timeline.after(this.random.between(0.5, 5), () =>
      told.process.enter(() => told.listener.changed(deploy.job_name, deploy.instance_number)),
    );
  }
}

/** @returns the runtime and the holds as one process of the machine has them */
export function machineOf(dock: Dock, process: Process): Machine {
  return {
    runtime: workerId => runtimeOf(dock, process, workerId),
    holds: {
      shim: '/bin/busybox',
      take: async name => name,
      release: name => dock.release(name),
      drop() {},
      keep: () => [],
      async close() {},
    },
    usage: { changed: anew => (anew ? { cpu_percent: 1, memory_percent: 1, memory: 900, vcpus: 8 } : null) },
  };
}

function runtimeOf(dock: Dock, process: Process, workerId: string): Runtime {
  const { random } = dock;
  const doing = async <R>(least: number, most: number, action: () => R): Promise<R> => {
    if (!dock.isUp) throw away();
    await process.pause(random.between(least, most) / 2);
    if (!dock.isUp) throw away();
    const result = action();
    await process.pause(random.between(least, most) / 2);
    return result;
  };
  const mine = () => [...dock.containers.values()].filter(container => container.workerId === workerId);
  return {
    words: ['docker', 'container'],
    nameOf: (jobName, number) => `${jobName}.instance.${number}.${workerId}`,
    available: () => dock.isUp,
    watch: listener => dock.watch(process, listener),
    list: () => doing(2, 10, () => mine().map(observed)),
    inspect: name =>
      doing(1, 5, () => {
        const found = mine().find(({ request }) => request.name === name);
        return found ? observed(found) : null;
      }),
    async image(reference, onPull) {
      if (random.chance(0.1)) {
        onPull();
        await process.pause(random.between(500, 20_000));
        if (random.chance(0.2)) throw new HedgerowError(ERRORS.IMAGE_UNAVAILABLE, `no image ${reference}`);
      }
      return doing(1, 3, () => ({ reference, entrypoint: [], cmd: ['run'], environment: [] }));
    },
    create: request => doing(10, 60, () => dock.create(workerId, request).id),
    start: id => doing(30, 300, () => dock.start(id)),
    stop: id =>
      doing(5, random.chance(0.1) ? 10_000 : 400, () => {
        const container = dock.containers.get(id);
        if (container) dock.stop(container);
      }),
    setAside: id => doing(1, 10, () => dock.setAside(id)),
    remove: id => doing(5, 40, () => dock.remove(id)),
    exec: id => doing(2, 20, () => ({ code: dock.isWell(id) ? 0 : 1, output: '' })),
    async *logs() {},
    close() {},
  };
}

function observed({ id, request, state, pid, exitCode }: Container): Observed {
  const { service_id, job_name, instance_number, generation, epoch } = request.deploy;
  return {
    ...{ container: id, service_id, job_name, instance_number, generation, epoch },
    ...{ name: request.name, state, pid, exitCode, outOfMemory: false },
  };
}

function away(): HedgerowError {
  return new HedgerowError(ERRORS.RUNTIME_AWAY, 'the runtime does not answer');
}

function failed(why: string): HedgerowError {
  return new HedgerowError(ERRORS.RUNTIME_FAILED, why);
}
