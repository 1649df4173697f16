import { execFile } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { newSecret } from '@hedgerow/common';
import { checkShim } from './shim.ts';

const run = promisify(execFile);
/** Node cannot make a FIFO, and starting `mkfifo` costs a few ms: it makes several, ahead of their use. */
const SPARES = 32;
const SPARE = '.spare-';

/** The FIFOs on which containers wait for their network, one per container, named like it. */
export class Holds {
  /** real path of the busybox to mount into containers */
  readonly shim: string;
  readonly #directory: string;
  readonly #open = new Map<string, number>();
  #spares: string[] = [];
  #making: Promise<void> | null = null;

  private constructor(directory: string, shim: string) {
    this.#directory = directory;
    this.shim = shim;
  }

  /** @throws SHIM_UNUSABLE */
  static async create(options: { directory: string; shim: string }): Promise<Holds> {
    const holds = new Holds(options.directory, await checkShim(options.shim));
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    for (const file of readdirSync(options.directory)) {
      if (file.startsWith(SPARE)) rmSync(join(options.directory, file));
    }
    await holds.#make();
    return holds;
  }

  /** @returns host path of a FIFO for this container */
  async take(name: string): Promise<string> {
    this.drop(name);
    while (this.#spares.length === 0) await this.#make();
    const path = this.#path(name);
    renameSync(this.#spares.pop() as string, path);
    // whoever finds none left makes them himself and gets the error
    if (this.#spares.length < SPARES / 2) this.#make().catch(() => {});
    return path;
  }

  /**
   * Lets the program go. Opened for reading too, so that it neither blocks nor fails when the container has not come to
   * its `read` yet; the line waits in the pipe, which is therefore kept open until `drop`. Releasing what was released
   * changes nothing, and neither does a container that was never held.
   */
  release(name: string): void {
    const fd = this.#open.get(name) ?? openFifo(this.#path(name));
    if (fd === null) return;
    this.#open.set(name, fd);
    writeSync(fd, 'go\n');
  }

  drop(name: string): void {
    const fd = this.#open.get(name);
    if (fd !== undefined) closeSync(fd);
    this.#open.delete(name);
    rmSync(this.#path(name), { force: true });
  }

  /**
   * Removes the FIFOs of containers that are not in `names`: left by an engine that was killed.
   * @returns what was removed
   */
  keep(names: ReadonlySet<string>): string[] {
    const files = readdirSync(this.#directory).filter(file => !file.startsWith(SPARE));
    const others = files.filter(file => !names.has(file));
    for (const file of others) this.drop(file);
    return others;
  }

  /** Those of running containers stay: a later engine may have to release them. */
  async close(): Promise<void> {
    await this.#making;
    for (const spare of this.#spares) rmSync(spare, { force: true });
    this.#spares = [];
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  #make(): Promise<void> {
    this.#making ??= this.#makeSpares().finally(() => {
      this.#making = null;
    });
    return this.#making;
  }

  /** Mode 0644 whatever the umask: the image's user, who need not be root, reads it. */
  async #makeSpares(): Promise<void> {
    const fresh = Array.from({ length: SPARES }, () => join(this.#directory, `${SPARE}${newSecret()}`));
    await run(this.shim, ['mkfifo', '-m', '644', ...fresh]);
    this.#spares.push(...fresh);
  }
}

function openFifo(path: string): number | null {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
