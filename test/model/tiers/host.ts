/** Where one process at a time runs, over a disk that stays; whoever supervises it starts it again. */
import { isErrorOf, type Logger, STORE_ERRORS, type Store } from '@hedgerow/common';
import { Disk } from '../machine/disk.ts';
import type { Mutation } from '../mutation.ts';
import { Process, type Wall } from '../time/process.ts';
import type { Timeline } from '../time/timeline.ts';

/** ms until a process that could not start is started again */
const SUPERVISED = 2000;

export interface HostParts {
  timeline: Timeline;
  log: Logger;
  mutate: Mutation;
  crashed(error: unknown): void;
}

export abstract class Host {
  readonly name: string;
  readonly disk = new Disk();
  readonly wall: Wall = { skew: 0 };
  process: Process | null = null;
  /** one was killed, and with it what it had in memory alone */
  hasDied = false;
  readonly #parts: HostParts;

  constructor(name: string, parts: HostParts) {
    this.name = name;
    this.#parts = parts;
  }

  start(): void {
    if (this.process?.isAlive) return;
    const { timeline, crashed } = this.#parts;
    const process = new Process(this.name, timeline, this.wall, crashed, this.mutate);
    this.process = process;
    process.enter(() => void this.#boot(process).catch((error: unknown) => this.#failed(process, error)));
  }

  /** What the process had in memory goes with it. */
  kill(isSilent = false): void {
    this.hasDied ||= this.process?.isAlive === true;
    this.process?.kill(isSilent);
    this.forget();
  }

  protected get mutate(): Mutation {
    return this.#parts.mutate;
  }

  /** Its disk, as this process has it. */
  protected open(process: Process): Store {
    const store = this.disk.open(process);
    return this.mutate.store?.(store, this.name) ?? store;
  }

  async #boot(process: Process): Promise<void> {
    await this.mutate.boots?.(process, this.name);
    await this.boot(process);
  }

  protected abstract boot(process: Process): Promise<void>;

  protected abstract forget(): void;

  /** A start that the disk does not allow ends the process. */
  #failed(process: Process, error: unknown): void {
    if (!isErrorOf(error, STORE_ERRORS.STORE_FULL)) this.#parts.crashed(error);
    process.kill();
    this.#parts.timeline.after(SUPERVISED, () => {
      if (this.process === process) this.start();
    });
  }
}
