/**
 * Which process holds a lease, in words that another process on the same kernel can check. A kernel knows for certain
 * that a process has ended; who cannot ask it waits for the lease, like everybody else.
 */
import { readFileSync, readlinkSync } from 'node:fs';

/** @returns "" where the kernel does not tell: nobody will take this process for dead */
export function ownProcess(): string {
  try {
    return [...sight(), String(process.pid), fieldsOf(process.pid).start].join(' ');
  } catch {
    return '';
  }
}

/**
 * Has this process ended, for certain? False on another machine, in another container, after another start of this
 * machine, and when in doubt; one that is stopped has not ended.
 */
export function hasEnded(holder: string): boolean {
  const [pid = '', start] = holder.split(' ').slice(-2);
  try {
    const seen = sight().join(' ');
    if (!/^[1-9]\d*$/.test(pid) || holder !== `${seen} ${pid} ${start}`) return false;
    if (!exists(Number(pid))) return true;
    const now = fieldsOf(Number(pid));
    return now.start !== start || now.state === 'Z' || now.state === 'X';
  } catch {
    return false;
  }
}

/**
 * Who has the same sees the same processes under the same numbers, begun at the same times.
 * @throws when `/proc` counts otherwise: it is of another namespace
 */
function sight(): string[] {
  if (readlinkSync('/proc/self') !== String(process.pid)) throw new RangeError('/proc is of other processes');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return [boot, ...['pid', 'time'].map(space => readlinkSync(`/proc/self/ns/${space}`))];
}

/** Not by `/proc`, which may hide what is another user's. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The name before them may hold anything but the last bracket. `start`: clock ticks since the machine was started. */
function fieldsOf(pid: number): { state: string; start: string } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  if (!state || !start) throw new RangeError(`/proc/${pid}/stat has no start`);
  return { state, start };
}
