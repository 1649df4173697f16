import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A process id alone may have been given to another process since: the start time (clock ticks after boot) tells. */
export interface ProcessId {
  pid: number;
  start: string;
}

/** @returns null when there is no such process, or only its zombie */
export function identify(pid: number): ProcessId | null {
  if (process.platform !== 'linux') return exists(pid) ? { pid, start: '' } : null;
  const stat = readProc(pid, 'stat');
  if (stat === null) return null;
  // The program's name, in parentheses, may hold spaces: count from the last one. State is field 3, start field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  return state === 'Z' || state === 'X' || start === undefined ? null : { pid, start };
}

export function isAlive(id: ProcessId): boolean {
  return identify(id.pid)?.start === id.start;
}

/** SIGTERM, and SIGKILL when it has not ended after `graceMs` (0 = at once). @returns false when it had to be killed */
export async function endProcess(id: ProcessId, graceMs: number): Promise<boolean> {
  if (graceMs > 0) send(id, 'SIGTERM');
  if (graceMs > 0 && (await isGone(id, graceMs))) return true;
  send(id, 'SIGKILL');
  if (await isGone(id, 5000)) return false;
  throw new Error(`process ${id.pid} does not end`);
}

/** Processes whose command line contains `text`, without this one. */
export function processesNaming(text: string): ProcessId[] {
  return pids()
    .filter(pid => pid !== process.pid && readProc(pid, 'cmdline')?.includes(text))
    .map(identify)
    .filter(id => id !== null);
}

export function childrenOf(parent: ProcessId): ProcessId[] {
  return pids()
    .filter(pid => parentOf(pid) === parent.pid)
    .map(identify)
    .filter(id => id !== null);
}

function parentOf(pid: number): number {
  const stat = readProc(pid, 'stat') ?? '';
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function send(id: ProcessId, signal: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function isGone(id: ProcessId, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (isAlive(id)) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function pids(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => pid > 0);
}

function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
