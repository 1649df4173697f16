/**
 * Room on the disk that was taken while there was some: what a full disk cannot take is written into it, in place, and
 * found by the next engine. A file system that copies on write (btrfs, zfs) may refuse even that.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { type Logger, messageOf } from '@hedgerow/common';

/** in the data directory */
export const RESERVE_FILE = 'reserve';
/** bytes: some hundred removals */
const SIZE = 64 * 1024;
const DROPPED = Buffer.from('#');
const END = 0x0a;

/** A write that is so, but not in the store. */
export interface LateWrite {
  collection: string;
  id: string;
  /** of the stored document that it was made to; when the store has another one, this was stored or overtaken */
  revision: number;
  /** null = removed */
  document: object | null;
}

/** Lines of JSON, one for each late write; a dropped one begins with #. Behind the last one are zeros. */
export class Reserve {
  readonly #path: string;
  readonly #log: Logger;
  /** where the line of each late write begins, by collection and id */
  readonly #lines = new Map<string, { at: number; write: LateWrite }>();
  #file: number | null = null;
  #end = 0;

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
    this.prepare();
  }

  /** Takes the room, if that has not been done; to be called when there is some. */
  prepare(): void {
    if (this.#file !== null) return;
    const done = this.#try('no room can be kept for what a full disk does not take', () => {
      this.#file = openWhole(this.#path);
      this.#read(this.#file);
    });
    if (!done) this.close();
  }

  get writes(): LateWrite[] {
    return [...this.#lines.values()].map(({ write }) => write);
  }

  /** Instead of what was kept of the same document. @returns whether it is on the disk */
  keep(write: LateWrite): boolean {
    const line = Buffer.from(`${JSON.stringify(write)}\n`);
    const at = this.#end;
    if (this.#file === null || at + line.length > SIZE) return false;
    return this.#try('the room that was kept cannot be written', () => {
      this.#write(line, at);
      this.#end += line.length;
      const before = this.#lines.get(keyOf(write));
      this.#lines.set(keyOf(write), { at, write });
      if (before) this.#write(DROPPED, before.at);
    });
  }

  /** It is in the store, or was overtaken. */
  drop(write: Pick<LateWrite, 'collection' | 'id'>): void {
    const known = this.#lines.get(keyOf(write));
    if (!known) return;
    this.#lines.delete(keyOf(write));
    this.#try('the room that was kept cannot be written', () => {
      this.#write(DROPPED, known.at);
      // only now, so that no rest of a line is taken for one
      if (this.#lines.size === 0) this.#clear();
    });
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #read(file: number): void {
    const bytes = Buffer.alloc(SIZE);
    readSync(file, bytes, 0, SIZE, 0);
    for (let end = bytes.indexOf(END); end >= 0; end = bytes.indexOf(END, this.#end)) {
      const write = lateWriteOf(bytes.toString('utf8', this.#end, end));
      if (write) this.#lines.set(keyOf(write), { at: this.#end, write });
      this.#end = end + 1;
    }
    // of a line that a kill cut off: nobody was told that it was done
    if (bytes.subarray(this.#end).some(byte => byte !== 0))
      this.#write(Buffer.alloc(SIZE - this.#end), this.#end);
  }

  #clear(): void {
    this.#write(Buffer.alloc(this.#end), 0);
    this.#end = 0;
  }

  #write(bytes: Buffer, at: number): void {
    if (this.#file === null) return;
    writeSync(this.#file, bytes, 0, bytes.length, at);
    fdatasyncSync(this.#file);
  }

  #try(what: string, action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      this.#log.warn({}, `${what}: ${messageOf(error)}`);
      return false;
    }
  }
}

/** A shorter file has no room in it: it appears under its name when it is whole. */
function openWhole(path: string): number {
  const known = openKnown(path);
  if (known !== null && fstatSync(known).size === SIZE) return known;
  if (known !== null) closeSync(known);
  const fresh = `${path}.new`;
  const file = openSync(fresh, 'w+', 0o600);
  try {
    for (let at = 0; at < SIZE; ) at += writeSync(file, Buffer.alloc(SIZE - at), 0, SIZE - at, at);
    fsyncSync(file);
    renameSync(fresh, path);
    return file;
  } catch (error) {
    closeSync(file);
    rmSync(fresh, { force: true });
    throw error;
  }
}

function openKnown(path: string): number | null {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function keyOf({ collection, id }: Pick<LateWrite, 'collection' | 'id'>): string {
  return JSON.stringify([collection, id]);
}

/** @returns null for one that was dropped */
function lateWriteOf(line: string): LateWrite | null {
  if (line.startsWith('#')) return null;
  try {
    return JSON.parse(line) as LateWrite;
  } catch {
    return null;
  }
}
