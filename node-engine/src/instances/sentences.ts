/** Sentences for `status_detail`. */
import type { Observed } from '../runtimes/runtime.ts';

const SIGNALS: Readonly<Record<number, string>> = {
  2: 'SIGINT',
  6: 'SIGABRT',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};

export interface NextTry {
  /** ms until then */
  delay: number;
  /** ms since the epoch */
  now: number;
  /** in a row until now */
  tries: number;
  /** how many there may be; null = any number */
  most: number | null;
}

/** @param what restart, retry */
export function next(what: string, { delay, now, tries, most }: NextTry): string {
  if (delay === 0) return `${what} at once`;
  const of = most === null ? '' : ` of ${most}`;
  // Cut, not rounded: the second that a clock shows when it begins.
  const time = new Date(now + delay).toISOString().replace(/\.\d+/, '');
  return `${what} in ${duration(delay)}, at ${time}, after ${tries}${of} ${tries === 1 ? 'try' : 'tries'}`;
}

/** What a program printed as its reason, fit for a table. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Shorter ones are ordinary words, and no secrets. */
const SHORTEST_SECRET = 4;

/**
 * The values of a service's environment may be secrets, and what a program or Docker complains of may have them.
 * @param text one line; a value of several is found in it as one, and one that is part of another leaves nothing of it
 */
export function withoutValues(text: string, environment: readonly string[]): string {
  return environment
    .map(entry => oneLine(entry.slice(entry.indexOf('=') + 1)))
    .filter(value => value.length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length)
    .reduce((left, value) => left.replaceAll(value, '…'), text);
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
