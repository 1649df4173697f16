import { readFileSync } from 'node:fs';

/** ms per clock tick: the kernel tells times of processes in hundredths of a second (proc(5)) */
const TICK = 10;

/** @returns ms since the process was started, by the kernel's own clock; undefined when there is no such process */
export function ageOf(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // field 22; the program's name, in parentheses, may hold spaces
    const ticks = Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[19]);
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
    return Math.max(0, uptime - ticks * TICK);
  } catch {
    return undefined;
  }
}
