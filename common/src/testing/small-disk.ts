import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real file system that is soon full. */
export interface SmallDisk {
  path: string;
  /** Leaves not a byte. */
  fill(): void;
  /** Gives back what `fill` took. */
  clear(): void;
  remove(): void;
}

/** @returns why there can be none here, or false */
export function withoutSmallDisk(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  return process.getuid?.() === 0 ? false : 'needs root, to mount';
}

/** @param size as `mount -t tmpfs` takes it */
export function smallDisk(size = '1m'): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'hedgerow-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]);
  const ballast = join(path, 'ballast');
  return {
    path,
    fill() {
      const file = openSync(ballast, 'a');
      for (const bytes of [4096, 256, 1]) writeUntilFull(file, Buffer.alloc(bytes));
      closeSync(file);
    },
    clear: () => rmSync(ballast, { force: true }),
    remove() {
      execFileSync('umount', ['--lazy', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

function writeUntilFull(file: number, bytes: Buffer): void {
  try {
    while (writeSync(file, bytes) === bytes.length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
