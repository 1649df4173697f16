/** Sentences for `status_detail`. */
import type { Observed } from '../runtimes/runtime.ts';

const SIGNALS: Readonly<Record<number, string>> = {
  2: 'SIGINT',
  6: 'SIGABRT',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};

/** @param delay ms until the next start */
export function next(what: string, delay: number): string {
  return delay === 0 ? `${what} at once` : `${what} in ${duration(delay)}`;
}

/** What a program printed as its reason, fit for a table. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** @param memory limit in MiB, 0 = none */
export function ending(seen: Pick<Observed, 'exitCode' | 'outOfMemory'>, memory: number): string {
  if (seen.outOfMemory) return `ran out of memory${memory > 0 ? ` (limit ${memory} MiB)` : ''}`;
  const signal = SIGNALS[seen.exitCode - 128];
  return signal ? `was ended by ${signal} (code ${seen.exitCode})` : `exited with code ${seen.exitCode}`;
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
