/** Where a backup is written to: a file that is there whole or not at all, or a stream that is there already. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Io } from '../output/io.ts';

export interface Sink {
  /** for people */
  name: string;
  write(text: string): Promise<void>;
  /** everything was written */
  keep(): Promise<void>;
  /** something failed: of a file nothing stays */
  drop(): Promise<void>;
}

const STDOUT = ['-', '/dev/stdout'];
/** of symbolic links that lead to no file yet; the kernel's own limit */
const MOST_LINKS = 40;

/**
 * `-` is standard output. A symbolic link is followed. What is there and no regular file is written to and never
 * replaced: it may be a device. @throws FILE_UNWRITABLE
 */
export async function openSink(target: string, io: Pick<Io, 'out' | 'gone'>): Promise<Sink> {
  if (STDOUT.includes(target)) return outputSink(io);
  return translated(target, async () => {
    const there = await ifThere(stat(target));
    if (there === null) return fileSink(target, await endOfLinks(target));
    return there.isFile() ? fileSink(target, await realpath(target)) : streamSink(target, there);
  });
}

function outputSink({ out, gone }: Pick<Io, 'out' | 'gone'>): Sink {
  const name = 'standard output';
  const write = async (text: string) => {
    out(text);
    if (gone?.aborted) throw unwritable(name, 'nobody reads it any more');
  };
  return { name, write, keep: async () => {}, drop: async () => {} };
}

/** For this user alone: a backup holds keys and password hashes. */
async function fileSink(name: string, file: string): Promise<Sink> {
  const draft = `${file}.${process.pid}.part`;
  const handle = await open(draft, 'wx', 0o600);
  return {
    ...{ name, write: writeTo(name, handle) },
    keep: () =>
      translated(name, async () => {
        await handle.sync();
        await handle.close();
        await rename(draft, file);
      }),
    async drop() {
      await handle.close().catch(() => {}); // the first error is the one to tell
      await rm(draft, { force: true });
    },
  };
}

async function streamSink(name: string, there: Stats): Promise<Sink> {
  if (!there.isFIFO() && !there.isCharacterDevice()) {
    throw new Error(
      `it is ${nounOf(there)}; allowed: a file, a FIFO, a character device, - for standard output`,
    );
  }
  const handle = await open(name, constants.O_WRONLY);
  const close = () => handle.close();
  return { name, write: writeTo(name, handle), keep: close, drop: () => close().catch(() => {}) };
}

function nounOf(there: Stats): string {
  if (there.isDirectory()) return 'a directory';
  return there.isBlockDevice() ? 'a block device' : 'a socket';
}

function writeTo(name: string, handle: FileHandle): Sink['write'] {
  return text => translated(name, () => handle.writeFile(text));
}

async function endOfLinks(target: string): Promise<string> {
  let file = target;
  for (let left = MOST_LINKS; left > 0; left--) {
    const there = await ifThere(lstat(file));
    if (!there?.isSymbolicLink()) return file;
    file = resolve(dirname(file), await readlink(file));
  }
  throw new Error('too many symbolic links');
}

async function ifThere(looked: Promise<Stats>): Promise<Stats | null> {
  return looked.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

async function translated<R>(name: string, action: () => Promise<R>): Promise<R> {
  try {
    return await action();
  } catch (cause) {
    throw unwritable(name, messageOf(cause), cause);
  }
}

function unwritable(name: string, why: string, cause?: unknown): HedgerowError {
  return new HedgerowError(ERRORS.FILE_UNWRITABLE, `${name} cannot be written: ${why}`, { cause });
}
