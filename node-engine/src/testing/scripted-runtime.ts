import type { DeployPayload } from '@hedgerow/protos';
import type { LogLine } from '../logs/lines.ts';
import type {
  ContainerRequest,
  Executed,
  ImageFacts,
  Listed,
  Observed,
  Runtime,
  RuntimeListener,
} from '../runtimes/runtime.ts';

type Call = 'inspect' | 'create' | 'start' | 'stop' | 'setAside' | 'remove' | 'logs' | 'image';

/** Containers in memory, whose calls a test can hold up and break, so that races have an order. */
export class ScriptedRuntime implements Runtime {
  readonly words = ['docker'];
  readonly containers = new Map<string, Observed>();
  /** commands of what was started, in order */
  readonly started: string[] = [];
  readonly #before = new Map<Call, () => Promise<void> | void>();
  #listener: RuntimeListener | null = null;
  #made = 0;
  up = true;
  /** what every program has printed */
  printed: readonly LogLine[] = [];

  /** @param what is awaited before each such call; what it throws, the call throws */
  before(call: Call, what: () => Promise<void> | void): void {
    this.#before.set(call, what);
  }

  /** The next such call waits. @returns when it has been made, and what lets it go on */
  holdUp(call: Call): { reached: Promise<void>; release: () => void } {
    const [reached, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.before(call, () => {
      this.#before.delete(call);
      reached.resolve();
      return free.promise;
    });
    return { reached: reached.promise, release: () => free.resolve() };
  }

  /** The program of the only container ends. */
  end(exitCode: number): Listed {
    const [seen] = this.containers.values();
    if (!seen) throw new Error('there is no container');
    this.containers.set(seen.name, { ...seen, state: 'exited', pid: 0, exitCode });
    return seen;
  }

  nameOf(jobName: string, instanceNumber: number): string {
    return `${jobName}.${instanceNumber}`;
  }

  available(): boolean {
    return this.up;
  }

  watch(listener: RuntimeListener): void {
    this.#listener = listener;
    this.#listener.up();
  }

  async list(): Promise<Listed[]> {
    return [...this.containers.values()];
  }

  async inspect(name: string): Promise<Observed | null> {
    await this.#before.get('inspect')?.();
    return this.containers.get(name) ?? null;
  }

  async image(reference: string): Promise<ImageFacts> {
    await this.#before.get('image')?.();
    return { reference, entrypoint: [], cmd: ['sleep'], environment: [] };
  }

  async create({ name, deploy }: ContainerRequest): Promise<string> {
    await this.#before.get('create')?.();
    const container = `c${++this.#made}`;
    this.containers.set(name, created(name, container, deploy));
    return container;
  }

  async start(container: string): Promise<number> {
    await this.#before.get('start')?.();
    const seen = this.#named(container);
    if (!seen) return 0;
    const pid = 1_000_000 + this.#made;
    this.containers.set(seen.name, { ...seen, state: 'running', pid });
    this.started.push(container);
    return pid;
  }

  async stop(container: string): Promise<void> {
    await this.#before.get('stop')?.();
    const seen = this.#named(container);
    if (seen) this.containers.set(seen.name, { ...seen, state: 'exited', pid: 0, exitCode: 143 });
  }

  async setAside(container: string): Promise<void> {
    await this.#before.get('setAside')?.();
    const seen = this.#named(container);
    if (!seen) return;
    this.containers.delete(seen.name);
    this.containers.set(container, { ...seen, name: container });
  }

  async remove(container: string): Promise<void> {
    await this.#before.get('remove')?.();
    const seen = this.#named(container);
    if (seen) this.containers.delete(seen.name);
  }

  async exec(): Promise<Executed> {
    return { code: 0, output: '' };
  }

  async *logs(): AsyncIterable<LogLine> {
    await this.#before.get('logs')?.();
    yield* this.printed;
  }

  close(): void {}

  #named(container: string): Observed | undefined {
    return [...this.containers.values()].find(seen => seen.container === container);
  }
}

function created(name: string, container: string, deploy: DeployPayload): Observed {
  const { service_id, job_name, instance_number, generation, epoch } = deploy;
  const of = { service_id, job_name, instance_number, generation, epoch };
  return { ...of, name, container, state: 'created', pid: 0, exitCode: 0, outOfMemory: false };
}
