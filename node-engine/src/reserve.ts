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
/** bytes at its end for removals alone: what ends again and again must not take their room */
const FOR_REMOVALS = 16 * 1024;
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

/** Where a line begins, and how long it is with its end. */
interface Place {
  at: number;
  length: number;
}

/**
 * Lines of JSON, one for each late write; a dropped one begins with # until another one takes its place. Behind the last
 * one are zeros.
 */
export class Reserve {
  readonly #path: string;
  readonly #log: Logger;
  /** by collection and id */
  readonly #lines = new Map<string, Place & { write: LateWrite; turn: number }>();
  #dropped: Place[] = [];
  /** of the next line: of two of one document the later one counts, wherever it is */
  #turn = 0;
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
    const turn = this.#turn++;
    const text = Buffer.from(JSON.stringify({ ...write, turn }));
    const place = this.#placeFor(text.length + 1, write.document === null ? SIZE : SIZE - FOR_REMOVALS);
    if (this.#file === null || !place) return false;
    return this.#try('the room that was kept cannot be written', () => {
      this.#fill(place, text);
      const before = this.#lines.get(keyOf(write));
      this.#lines.set(keyOf(write), { ...place, write, turn });
      if (before) this.#release(before);
    });
  }

  /** It is in the store, or was overtaken. */
  drop(write: Pick<LateWrite, 'collection' | 'id'>): void {
    const known = this.#lines.get(keyOf(write));
    if (!known) return;
    this.#lines.delete(keyOf(write));
    this.#try('the room that was kept cannot be written', () => {
      this.#release(known);
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
      const place = { at: this.#end, length: end + 1 - this.#end };
      this.#end = end + 1;
      this.#found(place, lineOf(bytes.toString('utf8', place.at, end)));
    }
    // of a line that a kill cut off: nobody was told that it was done
    if (bytes.subarray(this.#end).some(byte => byte !== 0))
      this.#write(Buffer.alloc(SIZE - this.#end), this.#end);
  }

  #found(place: Place, line: Line | null): void {
    if (!line) {
      this.#dropped.push(place);
      return;
    }
    const { turn, ...write } = line;
    const other = this.#lines.get(keyOf(write));
    this.#turn = Math.max(this.#turn, turn + 1);
    const isLater = !other || other.turn <= turn;
    if (isLater) this.#lines.set(keyOf(write), { ...place, write, turn });
    if (other) this.#release(isLater ? other : place);
  }

  /** @param limit bytes from the beginning that may be used @returns null when there is no room */
  #placeFor(length: number, limit: number): Place | null {
    const fitting = this.#dropped.filter(place => place.length >= length && place.at + place.length <= limit);
    const [smallest] = fitting.sort((one, other) => one.length - other.length);
    if (smallest) return smallest;
    return this.#end + length <= limit ? { at: this.#end, length } : null;
  }

  /** Its first byte comes last: until then it is none. */
  #fill(place: Place, text: Buffer): void {
    const line = Buffer.alloc(place.length, ' ');
    text.copy(line);
    line[place.length - 1] = END;
    this.#write(line.subarray(1), place.at + 1);
    this.#write(line.subarray(0, 1), place.at);
    this.#dropped = this.#dropped.filter(({ at }) => at !== place.at);
    this.#end = Math.max(this.#end, place.at + place.length);
  }

  #release({ at, length }: Place): void {
    this.#write(DROPPED, at);
    this.#dropped.push({ at, length });
  }

  #clear(): void {
    this.#write(Buffer.alloc(this.#end), 0);
    this.#end = 0;
    this.#dropped = [];
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

type Line = LateWrite & { turn: number };

/** @returns null for one that was dropped, or that a kill cut off */
function lineOf(text: string): Line | null {
  if (text.startsWith('#')) return null;
  try {
    return { turn: 0, ...(JSON.parse(text) as LateWrite & { turn?: number }) };
  } catch {
    return null;
  }
}
