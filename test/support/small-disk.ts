import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { exec, type Run } from '@hedgerow/cli';

const CHUNK = Buffer.alloc(64 * 1024);

/** The data directory of one process of a run, on a disk of its own that can be filled. Goes with the run. */
export class SmallDisk {
  readonly #filler: string;

  private constructor(folder: string) {
    this.#filler = join(folder, 'filler');
  }

  /** @param name of the process's folder below that of the run; before the process has begun */
  static async under(run: Run, name: string): Promise<SmallDisk> {
    const folder = join(run.dir, name);
    mkdirSync(folder, { mode: 0o700 });
    await exec('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=0700', 'tmpfs', folder]);
    return new SmallDisk(folder);
  }

  /** To the last byte. */
  fill(): void {
    const file = openSync(this.#filler, 'a');
    try {
      for (let size = CHUNK.length; size > 0; ) size = append(file, size) ? size : Math.floor(size / 2);
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#filler, { force: true });
  }
}

/** @returns false when there was no room for all of it */
function append(file: number, size: number): boolean {
  try {
    return writeSync(file, CHUNK, 0, size) === size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
