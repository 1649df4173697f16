import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { ageOf } from './process-age.ts';

/** `__SO_ACCEPTCON` in hexadecimal, as /proc/net/unix has it of sockets that listen */
const LISTENS = '00010000';

/**
 * Of the process that serves a local socket. Whoever made the socket for it (systemd) holds it, too, and is older.
 * @returns ms since it was started; undefined where the kernel does not say: that is for root, beside the process itself
 */
export async function ageOfServer(path: string): Promise<number | undefined> {
  const inodes = listening(path);
  if (inodes.size === 0) return undefined;
  const ages: number[] = [];
  for (const pid of entries('/proc').filter(name => /^\d+$/.test(name))) {
    // a machine has thousands of processes, and others their turn
    await new Promise(setImmediate);
    const age = holds(pid, inodes) ? ageOf(Number(pid)) : undefined;
    if (age !== undefined) ages.push(age);
  }
  return ages.length > 0 ? Math.min(...ages) : undefined;
}

/** @returns `socket:[inode]` of each that listens there */
function listening(path: string): Set<string> {
  const lines = attempt(() => readFileSync('/proc/net/unix', 'utf8'))?.split('\n') ?? [];
  // the name is the one that it was bound under, which may go through other links
  const real = attempt(() => realpathSync(path));
  const found = lines
    .map(line => line.trim().split(/\s+/))
    .filter(([, , , flags, , , , name = '']) => flags === LISTENS && basename(name) === basename(path))
    .filter(([, , , , , , , name = '']) => name === path || attempt(() => realpathSync(name)) === real);
  return new Set(found.map(([, , , , , , inode]) => `socket:[${inode}]`));
}

function holds(pid: string, inodes: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`;
  return entries(folder).some(fd => inodes.has(attempt(() => readlinkSync(`${folder}/${fd}`)) ?? ''));
}

function entries(folder: string): string[] {
  return attempt(() => readdirSync(folder)) ?? [];
}

/** Processes and sockets come and go while they are read. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
